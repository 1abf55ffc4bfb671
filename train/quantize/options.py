"""What `train quantize` is asked for, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgedet.manifest import Bundle
from train.quantize.calibrate import DEFAULT_PERCENTILE
from train.quantize.gate import DEFAULT_BUDGET_POINTS
from train.quantize.pictures import DEFAULT_COUNT
from train.quantize.scale_table import Method, ScaleTable
from train.quantize.scoring import Comparison
from train.quantize.source import Wishes


@dataclass(frozen=True, slots=True)
class QuantizeOptions:
    """What to make, of what, and how.

    `calibrator` None: the scales that the checkpoint has from quantization-aware training, else
    histogram-mse. `against` None: what the checkpoint was before that training, else its own float
    form. `backend` auto: every one that is here. `command` is the command line, for
    advice.
    """

    weights: Path
    data: Path
    out: Path
    wishes: Wishes
    calibrator: Method | None = None
    percentile: float = DEFAULT_PERCENTILE
    pictures: int = DEFAULT_COUNT
    budget_points: float = DEFAULT_BUDGET_POINTS
    split: str = "val"
    backend: str = "auto"
    float_layers: Sequence[str] = ()
    search: bool = False
    force: bool = False
    against: Path | None = None
    command: Sequence[str] = ("quantize",)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The bundle, what both models score, and everything that the report says."""

    bundle: Bundle
    comparisons: tuple[Comparison, ...]
    table: ScaleTable
    report: dict[str, object]
