"""Pictures whose objects can be found again: each class has a colour that nothing else has."""

import numpy as np
from numpy.typing import NDArray

from train.data.picture import Picture

GROUND = 40
COLOURS = np.array(
    [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 0],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
        [255, 140, 0],
        [130, 0, 255],
    ],
    dtype=np.uint8,
)
_NEAR = 60  # sum of differences; edges are mixed with the ground and are not counted


def marked(*objects: tuple[int, float, float, float, float], size_hw: tuple[int, int]) -> Picture:
    """A dark picture with a filled rectangle for each class id, x1, y1, x2, y2 (shares)."""
    height, width = size_hw
    image = np.full((height, width, 3), GROUND, dtype=np.uint8)
    boxes = []
    for class_id, *shares in objects:
        x1, y1, x2, y2 = np.rint(np.array(shares) * [width, height, width, height]).astype(int)
        image[y1:y2, x1:x2] = COLOURS[class_id]
        boxes.append([x1, y1, x2, y2])
    return Picture(
        image,
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array([each[0] for each in objects], dtype=np.int64),
    )


def seen(image_hwc: NDArray[np.uint8], class_id: int) -> NDArray[np.bool_]:
    """Where (H, W) the colour of a class is."""
    distance = np.abs(image_hwc.astype(int) - COLOURS[class_id]).sum(axis=2)
    return np.asarray(distance < _NEAR)


def hull(mask: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """The box around what is true; None if nothing is."""
    ys, xs = np.nonzero(mask)
    if len(xs) == 0:
        return None
    return np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], dtype=np.float32)


def worst_miss(picture: Picture) -> float:
    """By how many pixels the worst side of a box is off from its object."""
    misses = [0.0]
    for box, class_id in zip(picture.boxes_xyxy, picture.class_ids, strict=True):
        found = hull(seen(picture.image_hwc, int(class_id)))
        misses.append(float("inf") if found is None else float(np.abs(found - box).max()))
    return max(misses)


def forgotten(picture: Picture, whole_areas: dict[int, float]) -> list[int]:
    """Classes without a box of which more is seen than the rules let go.

    `whole_areas` are the pixels of each class's object where all of it is seen.
    """
    out = []
    for class_id in whole_areas.keys() - set(picture.class_ids.tolist()):
        mask = seen(picture.image_hwc, class_id)
        found = hull(mask)
        # blurred edges are not counted, so that a little more than 10 % may look like less
        if found is not None and mask.sum() > 0.1 * whole_areas[class_id]:
            size = found[2:] - found[:2]
            if size.min() > 3 and size.max() < 18 * size.min():
                out.append(class_id)
    return out
