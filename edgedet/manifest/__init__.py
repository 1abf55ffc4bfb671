"""The model bundle's schema and its folder; shared by the device and the trainer."""

from edgedet.manifest.bundle import (
    Bundle,
    file_entry,
    read_bundle,
    verify_bundle,
    verify_file,
    write_manifest,
)
from edgedet.manifest.schema import (
    MODEL_FILE,
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
    "MODEL_FILE",
    "WEIGHTS_FILE",
    "Bundle",
    "FileEntry",
    "Golden",
    "InputSpec",
    "Manifest",
    "OutputSpec",
    "Thresholds",
    "TrainingFacts",
    "file_entry",
    "read_bundle",
    "verify_bundle",
    "verify_file",
    "write_manifest",
]
