"""Which detections of a source count: classes, thresholds, masks. Knows no time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgedet.config.objects import ObjectSettings
from edgedet.config.places import ClassName
from edgedet.detections import Detections
from edgedet.frame import FrameInfo
from edgedet.track.anchor import anchors_of, normalized
from edgedet.vision.polygons import contains


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """Detections that belong to the source's classes and lie outside its masks, best first.

    `counts` (N,) says which of them are above their threshold; the others only help to follow what
    is known already.
    """

    detections: Detections
    counts: NDArray[np.bool_]


class Selection:
    """The rules of one source."""

    def __init__(self, settings: ObjectSettings, class_names: tuple[ClassName, ...]) -> None:
        """`class_names` are the model's, by id."""
        own = settings.class_score_thresholds
        self._own_threshold = settings.score_threshold
        # not a number: the class has no threshold of its own
        self._class_thresholds = np.array([own.get(name, np.nan) for name in class_names])
        allowed = settings.classes
        self._is_allowed = np.array([allowed is None or name in allowed for name in class_names])
        self._masks = [np.array(mask) for mask in settings.masks]
        self._anchor = settings.anchor

    def lowest_threshold(self, score_threshold: float) -> float:
        """The lowest score that counts for some class; `score_threshold` is the model's."""
        allowed = self._thresholds(score_threshold)[self._is_allowed]
        return float(allowed.min()) if len(allowed) else 1.0

    def select(self, found: Detections, frame: FrameInfo, score_threshold: float) -> Selected:
        """What of `found` belongs to the source; `score_threshold` is the model's."""
        keep = self._is_allowed[found.class_ids]
        if self._masks and len(found):
            points = anchors_of(normalized(found.boxes_xyxy, frame), self._anchor)
            for mask in self._masks:
                keep &= ~contains(mask, points)
        if not keep.all():
            found = Detections(found.boxes_xyxy[keep], found.scores[keep], found.class_ids[keep])
        return Selected(found, found.scores > self._thresholds(score_threshold)[found.class_ids])

    def _thresholds(self, score_threshold: float) -> NDArray[np.float64]:
        """What each class (C,) must exceed."""
        base = score_threshold if self._own_threshold is None else self._own_threshold
        own = self._class_thresholds
        return np.where(np.isnan(own), base, own)
