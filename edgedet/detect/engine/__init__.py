"""TensorRT engines: built from a bundle on the GPU that runs them, kept, found again, run."""

from edgedet.detect.engine.build import (
    BuiltEngine,
    EngineRequest,
    PrecisionChoice,
    build_engine,
)
from edgedet.detect.engine.builder import BuildSettings, Progress
from edgedet.detect.engine.profile import BatchProfile
from edgedet.detect.engine.sidecar import Measured, Sidecar
from edgedet.detect.engine.store import StoredEngine
from edgedet.detect.engine.trial import passes

__all__ = [
    "BatchProfile",
    "BuildSettings",
    "BuiltEngine",
    "EngineRequest",
    "Measured",
    "PrecisionChoice",
    "Progress",
    "Sidecar",
    "StoredEngine",
    "build_engine",
    "passes",
]
