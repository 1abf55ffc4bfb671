"""Two models before one frame: which objects do both see? Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgedet.detections import Detections
from edgedet.stream.model import Thresholds
from edgedet.vision.boxes import iou_matrix
from edgedet.vision.letterbox import Letterbox
from edgedet.vision.postprocess import select_detections

SAME_OBJECT_IOU = 0.5


def objects_of(
    candidates: NDArray[np.float32], image_hw: tuple[int, int], thresholds: Thresholds
) -> Detections:
    """What counts of a model's candidates (K, 7), whose boxes are in pixels of the frame."""
    return select_detections(
        candidates,
        Letterbox.fit(image_hw, image_hw),
        score_threshold=thresholds.score,
        iou_threshold=thresholds.iou,
        max_detections=len(candidates),
    )


@dataclass(frozen=True, slots=True)
class SharedClasses:
    """Which class of one model is which of another, by name."""

    old_names: tuple[str, ...]
    new_names: tuple[str, ...]

    def to_old(self, new_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """The old model's ids (N,) of the new one's; -1 where it does not know the class."""
        known = {name: number for number, name in reversed(list(enumerate(self.old_names)))}
        table = np.array([known.get(name, -1) for name in self.new_names], dtype=np.int32)
        return np.asarray(table[new_ids], dtype=np.int32)

    def known_to_new(self, old_ids: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Whether the new model knows these of the old one's classes, (N,)."""
        table = np.array([name in set(self.new_names) for name in self.old_names])
        return np.asarray(table[old_ids], dtype=np.bool_)


def compare(old: Detections, new: Detections, classes: SharedClasses) -> tuple[int, int]:
    """How many objects were seen by both, and how many there are; each side's count.

    Objects of classes that the other model does not know are left out. Each object has one partner
    at most: the best overlap first.

    >>> box = np.array([[0, 0, 10, 10]], np.float32)
    >>> one = Detections(box, np.array([0.9], np.float32), np.array([0], np.int32))
    >>> compare(one, one, SharedClasses(("person",), ("person", "car")))
    (2, 2)
    """
    are_known = classes.known_to_new(old.class_ids)
    old_ids, old_boxes = old.class_ids[are_known], old.boxes_xyxy[are_known]
    new_ids = classes.to_old(new.class_ids)
    new_boxes, new_ids = new.boxes_xyxy[new_ids >= 0], new_ids[new_ids >= 0]
    overlap = iou_matrix(old_boxes, new_boxes)
    overlap[old_ids[:, None] != new_ids[None, :]] = 0.0
    pairs = 0
    while overlap.size and overlap.max() >= SAME_OBJECT_IOU:
        row, column = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[row, :] = overlap[:, column] = 0.0
        pairs += 1
    return 2 * pairs, len(old_ids) + len(new_ids)
