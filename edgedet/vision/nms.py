"""Non-maximum suppression on the host, over the few hundred candidates that the model leaves."""

import numpy as np
from numpy.typing import NDArray

from edgedet.vision.boxes import iou_matrix


def nms(
    boxes_xyxy: NDArray[np.float32],
    scores: NDArray[np.float32],
    class_ids: NDArray[np.int32],
    iou_threshold: float,
    max_detections: int = 300,
) -> NDArray[np.int64]:
    """Indices of the boxes to keep, best score first, at most `max_detections`.

    Greedy and per class: going down the scores, a box suppresses every later box of its own class whose
    IoU with it is greater than (not equal to) `iou_threshold`. Equal scores keep the input's order.
    `boxes_xyxy` (N, 4), `scores` (N,), `class_ids` (N,).

    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10]], dtype=np.float32)
    >>> nms(boxes, np.array([0.9, 0.8, 0.7], np.float32), np.array([0, 0, 1], np.int32), 0.5).tolist()
    [0, 2]
    """
    order = np.argsort(-scores, kind="stable")
    if len(order) < 2:
        return np.asarray(order[:max_detections], dtype=np.int64)
    boxes = boxes_xyxy[order].astype(np.float64)
    classes = class_ids[order]
    kept: list[int] = []
    alive = np.ones(len(order), dtype=np.bool_)
    overlaps = (iou_matrix(boxes, boxes) > iou_threshold) & (classes[:, None] == classes[None, :])
    for index in range(len(order)):
        if not alive[index]:
            continue
        kept.append(index)
        if len(kept) == max_detections:
            break
        alive &= ~overlaps[index]
    return np.asarray(order[kept], dtype=np.int64)
