"""What a training run is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from train.config import Recipe
from train.data.store import CacheKind
from train.engine.precision import PrecisionName
from train.loss import DetectionLoss, LossFactory
from train.model.head import AnchorsPx


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What a run is asked for; the options of `train fit`, and what `train distill` adds.

    Attributes:
        qat: Train `weights` as INT8, with the scales in `calibration` or newly found ones.
    """

    data: Path
    out: Path
    recipe: Recipe
    recipe_name: str
    model: str = "yolov7-tiny"
    weights: Path | None = None
    epochs: int = 100
    image_size: int = 640
    batch_size: int = 16
    device: str = "auto"
    precision: PrecisionName = "auto"
    compile: bool = False
    sync_bn: bool = False
    seed: int = 0
    workers: int = 1
    threads: int = 0
    cache: CacheKind = "ram"
    evaluate_every: int = 1
    save_every_minutes: float = 15.0
    resume: bool = False
    extend: bool = False
    qat: bool = False
    calibration: Path | None = None
    loss: LossFactory = DetectionLoss
    anchors: AnchorsPx | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
