"""What an evaluation found, as a value that prints and saves."""

from dataclasses import asdict, dataclass

from train.evaluate.average_precision import Method
from train.evaluate.inputs import InputShape


@dataclass(frozen=True, slots=True)
class ClassScores:
    """One class: AP, and precision and recall at the report's `best_score`."""

    name: str
    labels: int
    ap50: float
    ap: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds for each picture: reading and letterboxing, the backend, NMS and matching."""

    prepare_ms: float
    infer_ms: float
    finish_ms: float

    @property
    def images_per_s(self) -> float:
        """Pictures a second, one stage after the other."""
        total_ms = self.prepare_ms + self.infer_ms + self.finish_ms
        return 1000.0 / total_ms if total_ms else 0.0


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """AP over a data set, and under which conditions it was measured.

    `ap50` and `ap` (50:95) are means over the classes that have labels. `best_score` is the score
    threshold at which F1, averaged over classes, is best at IoU 0.5. `input_hw` is the fixed shape,
    or for `rect` that which the rectangles come from.
    """

    ap50: float
    ap: float
    precision: float
    recall: float
    best_score: float
    per_class: tuple[ClassScores, ...]
    images: int
    labels: int
    detections: int
    score_threshold: float
    iou_threshold: float
    method: Method
    backend: str
    input_hw: tuple[int, int]
    shape: InputShape
    max_detections: int
    threads: int
    machine: str
    speed: Speed

    def to_json(self) -> dict[str, object]:
        """Plain values, the same names."""
        return asdict(self) | {"images_per_s": round(self.speed.images_per_s, 2)}
