"""Bundles to be tried, as a service would load them."""

from pathlib import Path

from edgedet.config.model import ModelSettings
from edgedet.manifest import Bundle
from edgedet.proving import Trial


def make_trial(bundle: Bundle, folder: Path, backend: str = "onnxruntime") -> Trial:
    model = ModelSettings.model_validate(
        {"bundle": bundle.folder, "backend": backend, "threads": 1}
    )
    return Trial(bundle.folder, model, 2, folder / "state")
