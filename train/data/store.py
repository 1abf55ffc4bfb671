"""Where training takes its pictures from: decoded once and kept, as far as there is room."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.vision import Letterbox
from train.data.augment import Picture
from train.data.backdrop import find_backdrop
from train.data.dataset import Sample


class PictureStore:
    """Pictures no larger than training needs (long side at most `max_side` pixels), in memory."""

    def __init__(self, samples: list[Sample], max_side: int) -> None:
        """Read nothing yet; what `preload` did not keep is decoded each time."""
        self._samples = samples
        self._max_side = max_side
        self._pictures: dict[int, Picture] = {}
        self.backdrop: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self._samples)

    def preload(self, limit_bytes: int = 4 << 30) -> None:
        """Decode pictures now, up to `limit_bytes`, so that worker processes share the memory."""
        used_bytes = sum(p.image_hwc.nbytes for p in self._pictures.values())
        for index in range(len(self._samples)):
            if used_bytes > limit_bytes:
                break
            if index not in self._pictures:
                self._pictures[index] = self._load(index)
                used_bytes += self._pictures[index].image_hwc.nbytes
        self.backdrop = find_backdrop([p.image_hwc for p in self._pictures.values()])

    def get(self, index: int) -> Picture:
        """Picture `index` with its boxes in pixels; treat it as read-only."""
        kept = self._pictures.get(index)
        return self._load(index) if kept is None else kept

    def _load(self, index: int) -> Picture:
        sample = self._samples[index]
        image = sample.load()
        box = Letterbox.fit((image.shape[0], image.shape[1]), (self._max_side, self._max_side))
        if box.content_hw[0] < image.shape[0]:
            resized = cv2.resize(image, (box.content_hw[1], box.content_hw[0]))
            image = np.asarray(resized, dtype=np.uint8)
        return Picture.from_labels(image, sample.labels)
