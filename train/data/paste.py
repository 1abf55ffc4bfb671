"""Copy-paste for boxes: objects of one picture set down anywhere in another.

A network that saw objects only on the road has learnt that the lawn is empty. Without polygons an
object is cut out as a soft ellipse inside its box, and where the camera does not move, along its
difference from the backdrop, which leaves its old ground behind. Objects that overlap move
together, as a person who walks beside another: neither is cut, and both have their labels.
"""

from dataclasses import dataclass

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
_TOGETHER = 0.1  # share of the smaller of two boxes; those that have more in common move together
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
    Objects that overlap the chosen one come along. What would cover more than 30 % of an object in
    `picture` is left out. `backdrop_hwc` is what the donor shows without objects, if that is known
    and of its size; `scale` is by how much `picture` is larger than the donor to begin with.
    """
    if len(donor.boxes_xyxy) == 0:
        return picture
    image = picture.image_hwc.copy()
    boxes, class_ids = picture.boxes_xyxy, picture.class_ids
    if backdrop_hwc is not None and backdrop_hwc.shape != donor.image_hwc.shape:
        backdrop_hwc = None
    by_class = [np.flatnonzero(donor.class_ids == each) for each in np.unique(donor.class_ids)]
    left = int(rng.integers(1, MAX_OBJECTS + 1))
    for _ in range(_TRIES * left):
        of_class = by_class[int(rng.integers(len(by_class)))]
        group = _Group.around(donor, int(of_class[int(rng.integers(len(of_class)))]))
        size_hw = group.resized(scale * rng.uniform(*_SCALE))
        place = None if size_hw is None else _find_place(size_hw, picture.size_hw, boxes, rng)
        if place is None:
            continue
        is_mirrored = rng.random() < 0.5
        moved = group.moved(place, is_mirrored=is_mirrored)
        _paste(image, place, donor, group.source, moved, backdrop_hwc, is_mirrored=is_mirrored)
        boxes = np.concatenate([boxes, moved])
        class_ids = np.concatenate([class_ids, donor.class_ids[group.members]])
        left -= len(moved)
        if left <= 0:
            break
    return Picture(image, boxes, class_ids)


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Objects that move together: their numbers, boxes (n, 4), and the hull of these."""

    members: NDArray[np.int64]
    boxes_xyxy: NDArray[np.float32]
    source: Rectangle

    @classmethod
    def around(cls, donor: Picture, index: int) -> "_Group":
        """An object and those that overlap it; what overlaps only these stays."""
        box = donor.boxes_xyxy[index]
        shared = areas(clip(donor.boxes_xyxy, tuple(box.tolist())))
        sizes = areas(donor.boxes_xyxy)
        is_near = shared > _TOGETHER * np.minimum(sizes, sizes[index])
        is_near[index] = True
        boxes = donor.boxes_xyxy[is_near]
        x1, y1 = boxes[:, :2].min(axis=0).round().astype(int).tolist()
        x2, y2 = boxes[:, 2:].max(axis=0).round().astype(int).tolist()
        return cls(np.flatnonzero(is_near), boxes, (x1, y1, x2, y2))

    def resized(self, scale: float) -> tuple[int, int] | None:
        """Height and width of the hull at another scale; None if an object is too small there."""
        x1, y1, x2, y2 = self.source
        sides = self.boxes_xyxy[:, 2:] - self.boxes_xyxy[:, :2]
        if sides.min() * min(scale, 1.0) < _MIN_SIDE_PX:
            return None
        return max(round((y2 - y1) * scale), 1), max(round((x2 - x1) * scale), 1)

    def moved(self, place: Rectangle, *, is_mirrored: bool) -> NDArray[np.float32]:
        """The boxes (n, 4) where the hull lies in `place`."""
        x1, y1, x2, y2 = self.source
        scale_x, scale_y = (place[2] - place[0]) / (x2 - x1), (place[3] - place[1]) / (y2 - y1)
        boxes = self.boxes_xyxy - np.array([x1, y1, x1, y1], dtype=np.float32)
        if is_mirrored:
            boxes[:, [0, 2]] = (x2 - x1) - boxes[:, [2, 0]]
        boxes = boxes * np.array([scale_x, scale_y] * 2, dtype=np.float32)
        corner = np.array([*place[:2], *place[:2]], dtype=np.float32)
        return clip(np.asarray(boxes + corner, dtype=np.float32), place)


def _find_place(
    size_hw: tuple[int, int],
    room_hw: tuple[int, int],
    boxes_xyxy: NDArray[np.float32],
    rng: Generator,
) -> Rectangle | None:
    """Somewhere in a picture, if there is room and nothing else would be hidden there."""
    room_y, room_x = room_hw[0] - size_hw[0], room_hw[1] - size_hw[1]
    if room_y <= 0 or room_x <= 0:
        return None
    y, x = int(rng.integers(room_y)), int(rng.integers(room_x))
    place = (x, y, x + size_hw[1], y + size_hw[0])
    is_taken = float(overlaps(boxes_xyxy, place).max(initial=0)) > _MAX_COVER
    return None if is_taken else place


def _paste(  # noqa: PLR0913 - two pictures, and where in them
    image: NDArray[np.uint8],
    place: Rectangle,
    donor: Picture,
    source: Rectangle,
    boxes_xyxy: NDArray[np.float32],
    backdrop_hwc: NDArray[np.uint8] | None,
    *,
    is_mirrored: bool,
) -> None:
    """Draw objects into `image` where they are opaque, fading towards the corners of their boxes.

    `source` is where their hull lies in `donor`, `place` where it shall lie, and `boxes_xyxy` are
    the objects there.
    """
    x1, y1, x2, y2 = source
    ground = image[place[1] : place[3], place[0] : place[2]]
    height, width = ground.shape[:2]
    alpha = np.zeros((height, width), dtype=np.float32)
    corner = np.array([*place[:2], *place[:2]], dtype=np.float32)
    for box in boxes_xyxy - corner:
        np.maximum(alpha, _ellipse(box, (height, width)), out=alpha)
    patch = donor.image_hwc[y1:y2, x1:x2]
    if backdrop_hwc is not None:
        outline = cv2.resize(matte(patch, backdrop_hwc[y1:y2, x1:x2]), (width, height))
        alpha *= cv2.flip(outline, 1) if is_mirrored else outline
    patch = np.asarray(cv2.resize(patch, (width, height)), dtype=np.uint8)
    if is_mirrored:
        patch = np.asarray(cv2.flip(patch, 1), dtype=np.uint8)
    change = (patch - ground.astype(np.float32)) * alpha[..., None]
    ground[:] = np.rint(ground + change)


def _ellipse(box_xyxy: NDArray[np.float32], room_hw: tuple[int, int]) -> NDArray[np.float32]:
    """Opacity (H, W): one in the ellipse inside a box, fading outwards over its rim."""
    x1, y1, x2, y2 = box_xyxy.tolist()
    y = (2 * np.arange(room_hw[0], dtype=np.float32) + 1 - (y1 + y2)) / max(y2 - y1, 1)
    x = (2 * np.arange(room_hw[1], dtype=np.float32) + 1 - (x1 + x2)) / max(x2 - x1, 1)
    distance = np.sqrt(np.square(y)[:, None] + np.square(x)[None, :])
    inside = (np.abs(y)[:, None] <= 1) & (np.abs(x)[None, :] <= 1)
    faded = np.clip((1 + _SOFT_EDGE - distance) / _SOFT_EDGE, 0, 1)
    return np.asarray(np.where(inside, faded, 0), dtype=np.float32)
