"""Everything that can be said of a model from its detections: what a report shows beyond AP."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from train.evaluate.average_precision import Method, average_precision
from train.evaluate.calibration import (
    WANTED_PRECISIONS,
    Calibration,
    OperatingPoint,
    calibrate,
    lowest_threshold,
    operating_points,
)
from train.evaluate.coco import SIZES, CocoScores, ScoredPicture, coco_scores
from train.evaluate.confusion import ConfusionMatrix
from train.evaluate.curves import SCORE_STEPS, ScoreCurves, score_curves
from train.evaluate.errors import ErrorCost, error_costs
from train.evaluate.match import match_detections

CONFUSION_SCORE, CONFUSION_IOU = 0.25, 0.45


@dataclass(frozen=True, slots=True)
class SizeScores:
    """Objects of one size (COCO's limits, in the picture's own pixels); None: there are none."""

    size: str
    labels: int
    ap50: float | None
    ap75: float | None
    ap: float | None


@dataclass(frozen=True, slots=True)
class ClassSizes:
    """One class: AP by pycocotools, for all its objects and by size; None: there are none."""

    name: str
    labels: int
    ap50: float | None
    ap75: float | None
    ap: float | None
    ap_small: float | None
    ap_medium: float | None
    ap_large: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """A model's detections on a set, taken apart. AP under `coco` is pycocotools' own.

    `trapezoid_ap50` and `trapezoid_ap` are the original YOLOv7's way of counting, on the same
    detections. `best_score` is where F1 is highest; errors are counted from there up.
    """

    class_names: tuple[str, ...]
    coco: CocoScores
    trapezoid_ap50: float
    trapezoid_ap: float
    curves: ScoreCurves
    confusion: ConfusionMatrix
    errors: tuple[ErrorCost, ...]
    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]
    wanted_precisions: tuple[tuple[float, OperatingPoint | None], ...]

    @property
    def best_score(self) -> float:
        """The score at which F1, averaged over classes, is highest."""
        return float(SCORE_STEPS[self.curves.best])

    @property
    def by_size(self) -> tuple[SizeScores, ...]:
        """AP of all objects, then of small, medium and large ones."""
        coco, totals = self.coco, self.coco.labels.sum(axis=0).tolist()
        return tuple(
            SizeScores(size, total, coco.ap50(size), coco.ap75(size), coco.ap(size))
            for size, total in zip(SIZES, totals, strict=True)
        )

    @property
    def by_class(self) -> tuple[ClassSizes, ...]:
        """AP of every class that has objects."""
        coco = self.coco
        return tuple(
            ClassSizes(
                name,
                int(coco.labels[number, 0]),
                coco.ap50("all", number),
                coco.ap75("all", number),
                coco.ap("all", number),
                *(coco.ap(size, number) for size in SIZES[1:]),
            )
            for number, name in enumerate(self.class_names)
            if coco.labels[number, 0]
        )

    def scores(self, method: Method) -> tuple[float, float]:
        """AP@50 and AP@50:95 by a method; 0 without labels."""
        if method == "trapezoid":
            return self.trapezoid_ap50, self.trapezoid_ap
        return self.coco.ap50() or 0.0, self.coco.ap() or 0.0

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        coco = self.coco
        return {
            "coco": {
                "ap50": coco.ap50(),
                "ap75": coco.ap75(),
                "ap": coco.ap(),
                **{f"ap_{size}": coco.ap(size) for size in SIZES[1:]},
                "max_detections": coco.max_detections,
                "by_size": [asdict(one) for one in self.by_size],
                "per_class": [asdict(one) for one in self.by_class],
            },
            "trapezoid": {"ap50": self.trapezoid_ap50, "ap": self.trapezoid_ap},
            "confusion_matrix": {
                "rows": [*self.class_names, "missed"],
                "columns": [*self.class_names, "background"],
                "score_threshold": self.confusion.score_threshold,
                "iou_threshold": self.confusion.iou_threshold,
                "counts": self.confusion.matrix.tolist(),
            },
            "errors": [asdict(one) for one in self.errors],
            "calibration": asdict(self.calibration),
            "operating_points": [asdict(one) for one in self.operating_points],
            "wanted_precisions": [
                {"wanted": wanted, "point": None if point is None else asdict(point)}
                for wanted, point in self.wanted_precisions
            ],
        }


def assess(
    pictures: Sequence[ScoredPicture], class_names: Sequence[str], max_detections: int = 300
) -> Assessment:
    """Take the detections in `pictures` apart.

    Args:
        pictures: Detections of every score, and truth, of each picture; at least one.
        class_names: Names by class id.
        max_detections: Of each class and picture only so many count for COCO's AP.
    """
    scores = np.concatenate([one.found.scores for one in pictures])
    ids = np.concatenate([one.found.class_ids for one in pictures])
    truth = np.concatenate([one.truth_classes for one in pictures])
    hits = np.concatenate(
        [
            match_detections(p.found, p.truth_xyxy, p.truth_classes, thresholds=(0.5,))[:, 0]
            for p in pictures
        ]
    )
    original = average_precision(
        np.concatenate(
            [
                match_detections(p.found, p.truth_xyxy, p.truth_classes, "trapezoid")
                for p in pictures
            ]
        ),
        scores,
        ids,
        truth,
        "trapezoid",
    )
    curves = score_curves(hits, scores, ids, truth)
    counts = (len(truth), len(pictures))
    return Assessment(
        class_names=tuple(class_names),
        coco=coco_scores(pictures, len(class_names), max_detections),
        trapezoid_ap50=original.ap50,
        trapezoid_ap=original.ap,
        curves=curves,
        confusion=_confusion(pictures, len(class_names)),
        errors=error_costs(pictures, float(SCORE_STEPS[curves.best])),
        calibration=calibrate(hits, scores),
        operating_points=operating_points(hits, scores, *counts),
        wanted_precisions=tuple(
            (wanted, lowest_threshold(hits, scores, *counts, wanted))
            for wanted in WANTED_PRECISIONS
        ),
    )


def _confusion(pictures: Sequence[ScoredPicture], num_classes: int) -> ConfusionMatrix:
    matrix = ConfusionMatrix(num_classes, CONFUSION_SCORE, CONFUSION_IOU)
    for one in pictures:
        found = np.column_stack([one.found.boxes_xyxy, one.found.scores, one.found.class_ids])
        truth = np.column_stack([one.truth_classes, one.truth_xyxy])
        matrix.process(found.astype(np.float32), truth.astype(np.float32))
    return matrix
