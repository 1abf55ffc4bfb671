"""Precision, recall and F1 as the score threshold moves, and precision against recall, by class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SCORE_STEPS = np.linspace(0.0, 1.0, 1000)
RECALL_STEPS = np.linspace(0.0, 1.0, 101)

_EPSILON = 1e-16


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCurves:
    """Curves of every class that has labels, at one IoU threshold.

    `classes` int64 (C,); `precision` and `recall` float64 (C, 1000) at the scores `SCORE_STEPS`;
    `envelope` float64 (C, 101): the best precision at a recall of at least `RECALL_STEPS`, 0 where
    that recall is never reached. Its mean is COCO's AP.
    """

    classes: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    envelope: NDArray[np.float64]

    @property
    def f1(self) -> NDArray[np.float64]:
        """The harmonic mean of precision and recall, (C, 1000)."""
        both = self.precision + self.recall
        return np.asarray(2 * self.precision * self.recall / (both + _EPSILON), dtype=np.float64)

    @property
    def best(self) -> int:
        """Where in `SCORE_STEPS` F1, averaged over classes, is highest; 0 without labels."""
        return int(self.f1.mean(axis=0).argmax()) if len(self.classes) else 0


def score_curves(
    tp: ArrayLike, scores: ArrayLike, pred_classes: ArrayLike, target_classes: ArrayLike
) -> ScoreCurves:
    """The curves of predictions that have been matched with the truth at one IoU threshold.

    Args:
        tp: Whether each prediction is right (N,).
        scores: Scores (N,), in any order; equal ones keep the input's order.
        pred_classes: Class ids of the predictions (N,).
        target_classes: Class ids of the labels (M,).

    Between two scores the curves are interpolated; above the highest one precision is 1 and recall
    0, as in the original.
    """
    all_scores = np.asarray(scores, dtype=np.float64).reshape(-1)
    order = np.argsort(-all_scores, kind="stable")
    hits = np.asarray(tp, dtype=np.bool_).reshape(-1)[order]
    all_classes = np.asarray(pred_classes).reshape(-1)[order]
    all_scores = all_scores[order]
    classes, counts = np.unique(np.asarray(target_classes).reshape(-1), return_counts=True)
    precision = np.zeros((len(classes), len(SCORE_STEPS)))
    recall = np.zeros_like(precision)
    envelope = np.zeros((len(classes), len(RECALL_STEPS)))
    for row, (class_id, count) in enumerate(zip(classes, counts, strict=True)):
        mine = all_classes == class_id
        if not mine.any():
            continue
        found, right = precision_recall(hits[mine, None], int(count))
        falling = -all_scores[mine]
        recall[row] = np.interp(-SCORE_STEPS, falling, found[:, 0], left=0.0)
        precision[row] = np.interp(-SCORE_STEPS, falling, right[:, 0], left=1.0)
        envelope[row] = best_precision(found[:, 0], right[:, 0])
    return ScoreCurves(classes.astype(np.int64), precision, recall, envelope)


def precision_recall(
    hits: NDArray[np.bool_], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and precision (N, T) after each prediction of one class, best score first."""
    right = hits.cumsum(axis=0, dtype=np.float64)
    shown = np.arange(1.0, len(hits) + 1.0)[:, None]
    return right / count, right / shown


def best_precision(
    recall: NDArray[np.float64], precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The best precision at a recall of at least each of `RECALL_STEPS` (101,).

    Source: COCO's evaluation, which averages these values.
    """
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(recall, RECALL_STEPS, side="left")
    return np.asarray(np.append(envelope, 0.0)[reached], dtype=np.float64)
