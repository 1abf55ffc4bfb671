"""What must not be recognised, made unrecognisable before anything is written to disk."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.config.sampling import BlurSettings
from edgedet.sample.view import Proposals

MOSAIC_CELLS = 6
"""Cells along the longer side of what is hidden: a face of 6 x 6 flat cells is nobody's."""


class Veil:
    """Hides the regions and classes of the settings."""

    def __init__(self, settings: BlurSettings, class_names: Sequence[str]) -> None:
        """`class_names` are those of the model, by class id; all of the settings are among them."""
        self._settings = settings
        self._class_ids = frozenset(class_names.index(name) for name in settings.classes)

    def hide(self, image_rgb: NDArray[np.uint8], source_id: str, seen: Proposals) -> int:
        """Make the picture (H, W, 3) safe to keep, in place; the number of places hidden.

        `seen` must reach down to the score of the settings: what may be a face is hidden too.
        """
        height, width = image_rgb.shape[:2]
        scale = np.array([width, height, width, height], dtype=np.float64)
        boxes = [
            np.array(region.box) * scale
            for region in self._settings.regions
            if region.source in (None, source_id)
        ]
        if self._class_ids:
            found = seen.of_classes(self._class_ids)
            found = found.where(found.scores >= self._settings.score_threshold)
            boxes += [self._widened(box) for box in found.boxes_xyxy.astype(np.float64)]
        for box in boxes:
            _mosaic(image_rgb, box)
        return len(boxes)

    def _widened(self, box: NDArray[np.float64]) -> NDArray[np.float64]:
        margin = self._settings.margin * (box[2:] - box[:2])
        return np.concatenate([box[:2] - margin, box[2:] + margin])


def _mosaic(image_rgb: NDArray[np.uint8], box_xyxy: NDArray[np.float64]) -> None:
    """Replace the box by a few flat cells; the means of them are all that is left of it."""
    height, width = image_rgb.shape[:2]
    left, top = (max(int(np.floor(value)), 0) for value in box_xyxy[:2])
    right = min(int(np.ceil(box_xyxy[2])), width)
    bottom = min(int(np.ceil(box_xyxy[3])), height)
    if right <= left or bottom <= top:
        return
    place = image_rgb[top:bottom, left:right]
    cell = max(right - left, bottom - top) / MOSAIC_CELLS
    cells_wh = max(round((right - left) / cell), 1), max(round((bottom - top) / cell), 1)
    coarse = cv2.resize(place, cells_wh, interpolation=cv2.INTER_AREA)
    place[:] = cv2.resize(coarse, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
