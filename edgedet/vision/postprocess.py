"""From the model's candidates to detections in the source picture; the only definition of it."""

import numpy as np
from numpy.typing import NDArray

from edgedet.detections import Detections
from edgedet.vision.letterbox import Letterbox
from edgedet.vision.nms import nms

CANDIDATE_FIELDS = 7  # x1, y1, x2, y2, score, class id, runner-up class score


def select_detections(
    candidates: NDArray[np.float32],
    box: Letterbox,
    *,
    score_threshold: float,
    iou_threshold: float,
    max_detections: int = 300,
) -> Detections:
    """Detections of one picture: score > threshold, NMS, then back into source pixels.

    `candidates` float32 (K, 7) as the model gives them, in input pixels. Boxes that lie outside the
    picture, in the padding, come back empty and are left out. Not-a-number scores are left out.

    Raises:
        ValueError: if `candidates` has another shape.

    >>> one = np.array([[100, 152, 200, 252, 0.9, 0, 0.0]], dtype=np.float32)
    >>> box = Letterbox.fit((576, 768), (416, 416))
    >>> found = select_detections(one, box, score_threshold=0.25, iou_threshold=0.45)
    >>> found.boxes_xyxy.round().tolist(), found.class_ids.tolist()
    ([[185.0, 185.0, 369.0, 369.0]], [0])
    """
    if candidates.ndim != 2 or candidates.shape[1] != CANDIDATE_FIELDS:
        msg = f"candidates must be (K, {CANDIDATE_FIELDS}), got {candidates.shape}"
        raise ValueError(msg)
    above = candidates[candidates[:, 4] > score_threshold]
    above = above[np.isfinite(above).all(axis=1)]
    class_ids = above[:, 5].astype(np.int32)
    keep = nms(above[:, :4], above[:, 4], class_ids, iou_threshold, max_detections)
    boxes = box.to_source(above[keep, :4])
    inside = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    keep = keep[inside]
    scores = np.clip(above[keep, 4], 0.0, 1.0).astype(np.float32)
    return Detections(boxes[inside], scores, class_ids[keep])
