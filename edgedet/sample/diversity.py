"""The rule against the hundredth picture of the same: each source's last kept looks, from disk."""

from collections import deque

import numpy as np

from edgedet.config.sampling import DiversitySettings
from edgedet.frame import Frame
from edgedet.sample.base import Sample
from edgedet.sample.ledger import Ledger
from edgedet.sample.likeness import Look, bits_of, perceptual_hash
from edgedet.sample.view import Proposals


class Diversity:
    """Remembers how the last kept frames of each source looked. One thread."""

    def __init__(self, settings: DiversitySettings, ledger: Ledger) -> None:
        """Know what the ledger knows."""
        self._settings = settings
        self._ledger = ledger
        self._known: dict[str, deque[Look]] = {}

    def has_like(self, source_id: str, look: Look) -> bool:
        """Whether a kept frame of the source looks like this one."""
        if not self._settings.enabled:
            return False
        known = reversed(self._looks(source_id))
        return any(look.is_like(each, self._settings.distance) for each in known)

    def add(self, source_id: str, look: Look) -> None:
        """Remember a frame that was kept."""
        self._looks(source_id).append(look)

    def _looks(self, source_id: str) -> deque[Look]:
        if source_id not in self._known:
            kept = self._ledger.latest(self._settings.memory, source_id)
            looks = map(_look_of_sample, reversed(kept))
            self._known[source_id] = deque(looks, maxlen=self._settings.memory)
        return self._known[source_id]


def look_of(frame: Frame, detections: Proposals) -> Look:
    """How a frame looks, with the objects in it."""
    size = np.array([frame.info.width, frame.info.height] * 2, dtype=np.float32)
    return Look(perceptual_hash(frame), detections.boxes_xyxy / size, detections.class_ids)


def _look_of_sample(sample: Sample) -> Look:
    boxes = np.array([each.box for each in sample.objects], dtype=np.float32).reshape(-1, 4)
    class_ids = np.array([each.class_id for each in sample.objects], dtype=np.int32)
    return Look(bits_of(sample.look), boxes, class_ids)
