"""The model bundle's schema and its folder; shared by the device and the trainer."""

from edgedet.manifest.bundle import (
    Bundle,
    file_entry,
    read_bundle,
    verify_bundle,
    verify_file,
    write_manifest,
)
from edgedet.manifest.golden import GOLDEN_FILE, GoldenCase, read_golden, write_golden
from edgedet.manifest.identity import identity_of
from edgedet.manifest.schema import (
    MANIFEST_FILE,
    MODEL_FILE,
    REPORT_FILE,
    WEIGHTS_FILE,
    FileEntry,
    Golden,
    InputSpec,
    Manifest,
    OutputSpec,
    Thresholds,
    TrainingFacts,
)

__all__ = [
    "GOLDEN_FILE",
    "MANIFEST_FILE",
    "MODEL_FILE",
    "REPORT_FILE",
    "WEIGHTS_FILE",
    "Bundle",
    "FileEntry",
    "Golden",
    "GoldenCase",
    "InputSpec",
    "Manifest",
    "OutputSpec",
    "Thresholds",
    "TrainingFacts",
    "file_entry",
    "identity_of",
    "read_bundle",
    "read_golden",
    "verify_bundle",
    "verify_file",
    "write_golden",
    "write_manifest",
]
