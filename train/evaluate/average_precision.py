"""Average precision over classes and IoU thresholds, in COCO's way and in the original YOLOv7's."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluate.curves import (
    RECALL_STEPS,
    SCORE_STEPS,
    best_precision,
    precision_recall,
    score_curves,
)

Method = Literal["coco", "trapezoid"]

IOU_THRESHOLDS: tuple[float, ...] = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)

_SENTINEL_STEP = 0.01  # the original lets precision fall to 0 this far behind the last recall


@dataclass(frozen=True, slots=True, eq=False)
class AveragePrecision:
    """AP of every class that has labels, and where F1, averaged over these classes, is best.

    `classes` int64 (C,); `per_class` float64 (C, T), a column for each IoU threshold. At the score
    `best_score`, for the first threshold: `precision`, `recall`, `f1`, each float64 (C,).
    """

    classes: NDArray[np.int64]
    per_class: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    best_score: float

    @property
    def ap50(self) -> float:
        """Mean over classes at the first threshold (0.50); 0 without labels."""
        return float(self.per_class[:, 0].mean()) if len(self.classes) else 0.0

    @property
    def ap(self) -> float:
        """Mean over classes and thresholds (0.50:0.95); 0 without labels."""
        return float(self.per_class.mean()) if len(self.classes) else 0.0


def average_precision(
    tp: ArrayLike,
    scores: ArrayLike,
    pred_classes: ArrayLike,
    target_classes: ArrayLike,
    method: Method = "coco",
) -> AveragePrecision:
    """AP of predictions that have been matched with the truth.

    Args:
        tp: Whether each prediction is right at each IoU threshold, (N, T), or (N,) for one.
        scores: Scores (N,), in any order; equal ones keep the input's order.
        pred_classes: Class ids of the predictions (N,).
        target_classes: Class ids of the labels (M,).
        method: `coco` is the mean of 101 interpolated precisions, as pycocotools computes it;
            `trapezoid` the original's integral, which runs higher by about half a point.

    Classes without labels are left out; one with labels and no predictions has AP 0.

    Raises:
        ValueError: If the lengths differ or the method is unknown.
    """
    hits, all_scores, all_classes = _sorted(tp, scores, pred_classes)
    if method not in {"coco", "trapezoid"}:
        msg = f"unknown method {method!r}; expected 'coco' or 'trapezoid'"
        raise ValueError(msg)
    classes, counts = np.unique(np.asarray(target_classes).reshape(-1), return_counts=True)
    per_class = np.zeros((len(classes), hits.shape[1]))
    for row, (class_id, count) in enumerate(zip(classes, counts, strict=True)):
        mine = all_classes == class_id
        if not mine.any():
            continue
        recall, precision = precision_recall(hits[mine], int(count))
        for column in range(hits.shape[1]):
            per_class[row, column] = _area(recall[:, column], precision[:, column], method)
    curves = score_curves(hits[:, 0], all_scores, all_classes, target_classes)
    best = curves.best
    return AveragePrecision(
        classes=curves.classes,
        per_class=per_class,
        precision=curves.precision[:, best],
        recall=curves.recall[:, best],
        f1=curves.f1[:, best],
        best_score=float(SCORE_STEPS[best]),
    )


def _sorted(
    tp: ArrayLike, scores: ArrayLike, pred_classes: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]:
    """The predictions as arrays (N, T), (N,), (N,), best score first."""
    hits = np.asarray(tp, dtype=np.bool_)
    hits = hits if hits.ndim == 2 else hits.reshape(-1, 1)
    all_scores = np.asarray(scores, dtype=np.float64).reshape(-1)
    all_classes = np.asarray(pred_classes).reshape(-1).astype(np.int64)
    if not len(hits) == len(all_scores) == len(all_classes):
        msg = f"{len(hits)} matches, {len(all_scores)} scores, {len(all_classes)} classes: differ"
        raise ValueError(msg)
    order = np.argsort(-all_scores, kind="stable")
    return hits[order], all_scores[order], all_classes[order]


def _area(recall: NDArray[np.float64], precision: NDArray[np.float64], method: Method) -> float:
    """AP under one curve, precision made falling first."""
    if method == "coco":
        return float(best_precision(recall, precision).mean())
    recall = np.concatenate([[0.0], recall, [recall[-1] + _SENTINEL_STEP]])
    precision = np.concatenate([[1.0], precision, [0.0]])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    sampled = np.interp(RECALL_STEPS, recall, envelope)
    return float((np.diff(RECALL_STEPS) * (sampled[1:] + sampled[:-1]) / 2).sum())
