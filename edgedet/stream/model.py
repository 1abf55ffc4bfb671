"""A model as the pipeline knows it, before anything of it is loaded."""

from collections.abc import Callable
from dataclasses import dataclass

from edgedet.detect.base import Detector
from edgedet.model_identity import ModelIdentity


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as a detection: its least score, and the overlap that is one object too many."""

    score: float
    iou: float


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What is painted for it, what its answers mean, and how it is loaded.

    `defaults` are its own thresholds, `thresholds` those that it begins with here.
    `make_detector` is called on the thread that uses and closes the detector. `single_s` is what a
    picture took when it was tried; None: that is not known.
    """

    identity: ModelIdentity
    input_hw: tuple[int, int]
    thresholds: Thresholds
    defaults: Thresholds
    make_detector: Callable[[], Detector]
    single_s: float | None = None
