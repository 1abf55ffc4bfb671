"""Which predictions of a picture are right, at each IoU threshold."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgedet.detections import Detections
from edgedet.vision import iou_matrix
from train.evaluate.average_precision import IOU_THRESHOLDS, Method


def match_detections(
    found: Detections,
    truth_xyxy: NDArray[np.float32],
    truth_classes: NDArray[np.int32],
    method: Method = "coco",
    thresholds: Sequence[float] = IOU_THRESHOLDS,
) -> NDArray[np.bool_]:
    """Whether each detection is right at each threshold, (N, T).

    `coco`: going down the scores, a detection takes the free truth of its class that it overlaps
    best, if IoU >= threshold; each threshold for itself. `trapezoid`: as the original YOLOv7, a
    detection looks only at the truth that it overlaps best, taken or not, and IoU > threshold.

    Args:
        found: Detections, best score first.
        truth_xyxy: True boxes (M, 4), in the same pixels.
        truth_classes: Their class ids (M,).
        method: See above.
        thresholds: Rising IoU thresholds.
    """
    limits = np.asarray(thresholds, dtype=np.float64)
    hits = np.zeros((len(found), len(limits)), dtype=np.bool_)
    ious = iou_matrix(found.boxes_xyxy.astype(np.float64), truth_xyxy.astype(np.float64))
    for class_id in np.unique(truth_classes):
        mine = np.flatnonzero(found.class_ids == class_id)
        pairs = ious[np.ix_(mine, np.flatnonzero(truth_classes == class_id))]
        if method == "coco":
            hits[mine] = np.stack([_coco(pairs, limit) >= 0 for limit in limits], axis=1)
        else:
            hits[mine] = _original(pairs, limits)
    return hits


def matched_truths(
    found: Detections,
    truth_xyxy: NDArray[np.float32],
    truth_classes: NDArray[np.int32],
    threshold: float = 0.5,
) -> NDArray[np.int64]:
    """Which truth each detection takes at one threshold, in COCO's way; -1: none. (N,)."""
    taken = np.full(len(found), -1, dtype=np.int64)
    ious = iou_matrix(found.boxes_xyxy.astype(np.float64), truth_xyxy.astype(np.float64))
    for class_id in np.unique(truth_classes):
        mine, theirs = np.flatnonzero(found.class_ids == class_id), truth_classes == class_id
        columns = np.flatnonzero(theirs)
        picked = _coco(ious[np.ix_(mine, columns)], threshold)
        taken[mine] = np.where(picked >= 0, columns[picked], -1)
    return taken


def _coco(ious: NDArray[np.float64], limit: float) -> NDArray[np.int64]:
    """The column taken by each row (N,), or -1. Of equal overlaps the later one, as there."""
    taken = np.full(len(ious), -1, dtype=np.int64)
    free = np.ones(ious.shape[1], dtype=np.bool_)
    for row in np.flatnonzero((ious >= limit).any(axis=1)):
        left = np.where(free, ious[row], -1.0)
        best = left.shape[0] - 1 - int(left[::-1].argmax())
        if left[best] >= limit:
            taken[row] = best
            free[best] = False
    return taken


def _original(ious: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Right or not (N, T): who reaches a truth above the lowest threshold claims it for all."""
    hits = np.zeros((len(ious), len(limits)), dtype=np.bool_)
    taken: set[int] = set()
    for row, overlaps in enumerate(ious):
        best = int(overlaps.argmax())
        if overlaps[best] > limits[0] and best not in taken:
            taken.add(best)
            hits[row] = overlaps[best] > limits
    return hits
