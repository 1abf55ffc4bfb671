"""Non-maximum suppression on the host, over the few hundred candidates that the model leaves."""

import numpy as np
from numpy.typing import NDArray

# Boxes compared at once: bounds the memory for any count, and halves the work for 300.
_BLOCK = 128


def nms(
    boxes_xyxy: NDArray[np.float32],
    scores: NDArray[np.float32],
    class_ids: NDArray[np.int32],
    iou_threshold: float,
    max_detections: int = 300,
) -> NDArray[np.int64]:
    """Indices of the boxes to keep, best score first, at most `max_detections`.

    Greedy and per class: going down the scores, a box suppresses every later box of its own class
    whose IoU with it is greater than (not equal to) `iou_threshold`. Equal scores keep the input's
    order. `boxes_xyxy` (N, 4), `scores` (N,), `class_ids` (N,).

    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10]], dtype=np.float32)
    >>> scores, class_ids = np.array([0.9, 0.8, 0.7], np.float32), np.array([0, 0, 1], np.int32)
    >>> nms(boxes, scores, class_ids, 0.5).tolist()
    [0, 2]
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    # Products of float32 values are exact in float64, so an IoU equal to the threshold stays equal.
    boxes = np.asarray(boxes_xyxy)[order].astype(np.float64)
    classes = np.asarray(class_ids)[order]
    kept = np.empty(0, dtype=np.int64)
    for start in range(0, len(order), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(order)))
        if len(kept):
            block = block[~_overlaps(boxes, classes, kept, block, iou_threshold).any(axis=0)]
        within = _overlaps(boxes, classes, block, block, iou_threshold)
        kept = np.concatenate([kept, block[_survivors(within)]])
        if len(kept) >= max_detections:
            break
    return np.asarray(order[kept[:max_detections]], dtype=np.int64)


def _survivors(overlaps: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of N boxes remain, (N,), if `overlaps` (N, N) says who suppresses whom."""
    alive = np.ones(len(overlaps), dtype=np.bool_)
    for index in np.flatnonzero(np.count_nonzero(overlaps, axis=1) > 1):  # with more than itself
        if alive[index]:
            alive[index + 1 :] &= ~overlaps[index, index + 1 :]
    return alive


def _overlaps(
    boxes: NDArray[np.float64],
    classes: NDArray[np.int32],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    iou_threshold: float,
) -> NDArray[np.bool_]:
    """Which pairs are of one class and overlap by more than the threshold, (R, C)."""
    ax1, ay1, ax2, ay2 = boxes[rows].T[:, :, None]
    bx1, by1, bx2, by2 = boxes[columns].T[:, None, :]
    inter = np.maximum(np.minimum(ax2, bx2) - np.maximum(ax1, bx1), 0)
    inter *= np.maximum(np.minimum(ay2, by2) - np.maximum(ay1, by1), 0)
    union = _area(ax1, ay1, ax2, ay2) + _area(bx1, by1, bx2, by2) - inter
    iou = np.divide(inter, union, out=inter, where=union > 0)  # else inter is 0 and stays it
    found: NDArray[np.bool_] = (iou > iou_threshold) & (classes[rows, None] == classes[columns])
    return found


def _area(
    x1: NDArray[np.float64],
    y1: NDArray[np.float64],
    x2: NDArray[np.float64],
    y2: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Areas; zero for boxes turned inside out."""
    return np.asarray(np.maximum(x2 - x1, 0) * np.maximum(y2 - y1, 0), dtype=np.float64)
