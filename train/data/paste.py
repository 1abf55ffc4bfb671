"""Copy-paste for boxes: objects of one picture set down anywhere in another.

A network that saw objects only on the road has learnt that the lawn is empty. Without polygons an
object is cut out as a soft ellipse inside its box, and where the camera does not move, along its
difference from the backdrop, which leaves its old ground behind.
"""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from train.data.backdrop import matte
from train.data.boxes import overlaps
from train.data.picture import Picture

MAX_OBJECTS = 4
_SCALE = (0.6, 2.2)
_MIN_SIDE_PX = 6
_MAX_COVER = 0.3  # of an object that is there already, as in the original's paste-in
_SOFT_EDGE = 0.25  # share of the ellipse's radius over which it fades


def paste_objects(
    picture: Picture,
    donor: Picture,
    rng: Generator,
    backdrop_hwc: NDArray[np.uint8] | None = None,
    scale: float = 1.0,
) -> Picture:
    """`picture` with up to four objects of `donor`, resized, mirrored and placed at random.

    Each of the donor's classes is as likely as the others, so that rare ones are seen more often.
    An object that would cover more than 30 % of another is left out. `backdrop_hwc` is what the
    donor shows without objects, if that is known and of its size; `scale` is by how much `picture`
    is larger than the donor to begin with.
    """
    if len(donor.boxes_xyxy) == 0:
        return picture
    image = picture.image_hwc.copy()
    boxes, class_ids = list(picture.boxes_xyxy), list(picture.class_ids)
    if backdrop_hwc is not None and backdrop_hwc.shape != donor.image_hwc.shape:
        backdrop_hwc = None
    for _ in range(int(rng.integers(1, MAX_OBJECTS + 1))):
        index = _choose(donor.class_ids, rng)
        patch = _cut_out(donor, index, scale * rng.uniform(*_SCALE), rng, backdrop_hwc)
        if patch is None or patch.shape[0] >= image.shape[0] or patch.shape[1] >= image.shape[1]:
            continue
        top = int(rng.integers(image.shape[0] - patch.shape[0]))
        left = int(rng.integers(image.shape[1] - patch.shape[1]))
        place = (left, top, left + patch.shape[1], top + patch.shape[0])
        if boxes and float(overlaps(np.array(boxes), place).max()) > _MAX_COVER:
            continue
        _blend(image[top : place[3], left : place[2]], patch)
        boxes.append(np.array(place, dtype=np.float32))
        class_ids.append(donor.class_ids[index])
    return Picture(
        image,
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array(class_ids, dtype=np.int64),
    )


def _choose(class_ids: NDArray[np.int64], rng: Generator) -> int:
    """A class of those there are, then one of its objects."""
    class_id = rng.choice(np.unique(class_ids))
    return int(rng.choice(np.flatnonzero(class_ids == class_id)))


def _cut_out(
    donor: Picture,
    index: int,
    scale: float,
    rng: Generator,
    backdrop_hwc: NDArray[np.uint8] | None,
) -> NDArray[np.float32] | None:
    """An object at its new size, RGB and opacity (H, W, 4); None if it is too small to be seen."""
    x1, y1, x2, y2 = donor.boxes_xyxy[index].round().astype(int)
    size_wh = (round((x2 - x1) * scale), round((y2 - y1) * scale))
    is_mirrored = rng.random() < 0.5
    if min(x2 - x1, y2 - y1) < _MIN_SIDE_PX or min(size_wh) < _MIN_SIDE_PX:
        return None
    patch = donor.image_hwc[y1:y2, x1:x2]
    alpha = np.ones(patch.shape[:2], dtype=np.float32)
    if backdrop_hwc is not None:
        alpha = matte(patch, backdrop_hwc[y1:y2, x1:x2])
    rgba = np.dstack([patch.astype(np.float32), alpha])
    resized = cv2.resize(np.ascontiguousarray(rgba[:, ::-1] if is_mirrored else rgba), size_wh)
    return np.asarray(resized, dtype=np.float32)


def _blend(ground: NDArray[np.uint8], patch: NDArray[np.float32]) -> None:
    """Draw `patch` over `ground` where it is opaque, fading towards its corners."""
    height, width = patch.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    ellipse = np.clip((1 + _SOFT_EDGE - np.sqrt(x * x + y * y)) / _SOFT_EDGE, 0, 1)
    alpha = (ellipse * patch[..., 3])[..., None]
    ground[:] = (alpha * patch[..., :3] + (1 - alpha) * ground).astype(np.uint8)
