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
from train.data.boxes import Rectangle, areas, clip, overlaps
from train.data.picture import Picture

MAX_OBJECTS = 4
_TRIES = 2  # for each object, before the picture gets fewer
_SCALE = (0.6, 2.2)
_MIN_SIDE_PX = 6
_MAX_COVER = 0.3  # of an object that is there already, as in the original's paste-in
_MAX_HIDDEN = 0.4  # of an object to be pasted; it would take a part of another along, unlabelled
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
    An object is left out that shares more than 40 % of its box with another of the donor, or would
    cover more than 30 % of another in `picture`. `backdrop_hwc` is what the donor shows without
    objects, if that is known and of its size; `scale` is by how much `picture` is larger than the
    donor to begin with.
    """
    if len(donor.boxes_xyxy) == 0:
        return picture
    image = picture.image_hwc.copy()
    boxes, class_ids = list(picture.boxes_xyxy), list(picture.class_ids)
    if backdrop_hwc is not None and backdrop_hwc.shape != donor.image_hwc.shape:
        backdrop_hwc = None
    by_class = [np.flatnonzero(donor.class_ids == each) for each in np.unique(donor.class_ids)]
    left = int(rng.integers(1, MAX_OBJECTS + 1))
    for _ in range(_TRIES * left):
        of_class = by_class[int(rng.integers(len(by_class)))]
        index = int(of_class[int(rng.integers(len(of_class)))])
        source, size_hw = _measure(donor, index, scale * rng.uniform(*_SCALE))
        place = None if size_hw is None else _find_place(size_hw, picture.size_hw, boxes, rng)
        if place is None:
            continue
        _paste(image, place, donor, source, backdrop_hwc, is_mirrored=rng.random() < 0.5)
        boxes.append(np.array(place, dtype=np.float32))
        class_ids.append(donor.class_ids[index])
        left -= 1
        if left == 0:
            break
    return Picture(
        image,
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array(class_ids, dtype=np.int64),
    )


def _measure(donor: Picture, index: int, scale: float) -> tuple[Rectangle, tuple[int, int] | None]:
    """Where an object is, in whole pixels, and its new size; None if it is too small or hidden."""
    x1, y1, x2, y2 = donor.boxes_xyxy[index].round().astype(int).tolist()
    source = (x1, y1, x2, y2)
    size_hw = (round((y2 - y1) * scale), round((x2 - x1) * scale))
    if min(x2 - x1, y2 - y1, *size_hw) < _MIN_SIDE_PX:
        return source, None
    shared = areas(clip(donor.boxes_xyxy, source))
    shared[index] = 0
    is_hidden = shared.max() > _MAX_HIDDEN * (x2 - x1) * (y2 - y1)
    return source, None if is_hidden else size_hw


def _find_place(
    size_hw: tuple[int, int],
    room_hw: tuple[int, int],
    boxes: list[NDArray[np.float32]],
    rng: Generator,
) -> Rectangle | None:
    """Somewhere in a picture, if there is room and nothing else would be hidden there."""
    room_y, room_x = room_hw[0] - size_hw[0], room_hw[1] - size_hw[1]
    if room_y <= 0 or room_x <= 0:
        return None
    y, x = int(rng.integers(room_y)), int(rng.integers(room_x))
    place = (x, y, x + size_hw[1], y + size_hw[0])
    is_taken = bool(boxes) and float(overlaps(np.array(boxes), place).max()) > _MAX_COVER
    return None if is_taken else place


def _paste(  # noqa: PLR0913 - two pictures, and where in them
    image: NDArray[np.uint8],
    place: Rectangle,
    donor: Picture,
    source: Rectangle,
    backdrop_hwc: NDArray[np.uint8] | None,
    *,
    is_mirrored: bool,
) -> None:
    """Draw an object into `image` where it is opaque, fading towards the corners of its box."""
    x1, y1, x2, y2 = source
    ground = image[place[1] : place[3], place[0] : place[2]]
    height, width = ground.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    alpha = np.clip((1 + _SOFT_EDGE - np.sqrt(x * x + y * y)) / _SOFT_EDGE, 0, 1)
    patch = donor.image_hwc[y1:y2, x1:x2]
    if backdrop_hwc is not None:
        outline = cv2.resize(matte(patch, backdrop_hwc[y1:y2, x1:x2]), (width, height))
        alpha *= cv2.flip(outline, 1) if is_mirrored else outline
    patch = np.asarray(cv2.resize(patch, (width, height)), dtype=np.uint8)
    if is_mirrored:
        patch = np.asarray(cv2.flip(patch, 1), dtype=np.uint8)
    change = (patch - ground.astype(np.float32)) * alpha[..., None]
    ground[:] = np.rint(ground + change)
