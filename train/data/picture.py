"""A picture and what lies in it: the value that every augmentation takes and gives back."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture (H, W, 3) uint8 RGB, its boxes float32 (n, 4) in pixels, class ids int64 (n,).

    Pixel i covers the span from i to i + 1, so a box around the first ten columns has x from 0 to
    10. Nobody writes into the arrays of a picture that was handed to them.
    """

    image_hwc: NDArray[np.uint8]
    boxes_xyxy: NDArray[np.float32]
    class_ids: NDArray[np.int64]

    @classmethod
    def from_labels(cls, image_hwc: NDArray[np.uint8], labels: NDArray[np.float32]) -> "Picture":
        """From normalised labels (n, 5): class id, cx, cy, w, h."""
        height, width = image_hwc.shape[:2]
        centre = labels[:, 1:3] * (width, height)
        half = labels[:, 3:5] * (width / 2, height / 2)
        boxes = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
        return cls(image_hwc, boxes, labels[:, 0].astype(np.int64))

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.image_hwc.shape[0], self.image_hwc.shape[1]

    def with_image(self, image_hwc: NDArray[np.uint8]) -> "Picture":
        """The same objects in other colours."""
        return replace(self, image_hwc=image_hwc)

    def to_labels(self) -> NDArray[np.float32]:
        """Normalised labels (n, 5)."""
        height, width = self.size_hw
        centre = (self.boxes_xyxy[:, :2] + self.boxes_xyxy[:, 2:]) / 2 / (width, height)
        size = (self.boxes_xyxy[:, 2:] - self.boxes_xyxy[:, :2]) / (width, height)
        return np.concatenate([self.class_ids[:, None], centre, size], axis=1).astype(np.float32)
