"""Settings `model`: which bundle, which backend, which thresholds."""

from typing import Literal

from pydantic import Field

from edgedet.config.section import ConfigPath, Section

BackendName = Literal["auto", "onnxruntime", "openvino", "tensorrt"]


class ModelSettings(Section):
    """The model. Thresholds left out are those of the bundle's manifest."""

    bundle: ConfigPath
    backend: BackendName = "auto"
    score_threshold: float | None = Field(default=None, ge=0, le=1)
    iou_threshold: float | None = Field(default=None, ge=0, le=1)
    public_key_file: ConfigPath | None = None
    """An Ed25519 key in PEM form: bundles that are installed must be signed by it."""
    threads: int = Field(default=0, ge=0, le=256)
    """Threads of a CPU backend; 0: one for each core."""
