"""Augmentations on RGB pictures with boxes in pixels.

Every random number comes from the caller's generator.

Geometry and box survival rules follow the description of the original's recipe: scale from
U(1 - s, 1.1 + s), translation U(0.5 - t, 0.5 + t), fill 114; a box survives when it stays larger
than 2 px, keeps more than 10 % of its area and an aspect ratio under 20.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edgedet.vision import PAD_VALUE, Letterbox, letterbox

_MIN_SIDE_PX = 2.0
_MIN_AREA_KEPT = 0.10
_MAX_ASPECT = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture (H, W, 3) uint8 RGB, its boxes float32 (n, 4) in pixels, class ids int64 (n,)."""

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

    def to_labels(self) -> NDArray[np.float32]:
        """Normalised labels (n, 5)."""
        height, width = self.image_hwc.shape[:2]
        centre = (self.boxes_xyxy[:, :2] + self.boxes_xyxy[:, 2:]) / 2 / (width, height)
        size = (self.boxes_xyxy[:, 2:] - self.boxes_xyxy[:, :2]) / (width, height)
        return np.concatenate([self.class_ids[:, None], centre, size], axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class AffineRange:
    """How far `random_affine` may go; degrees, then shares of the picture."""

    degrees: float = 0.0
    translate: float = 0.1
    scale: float = 0.5
    shear: float = 0.0


def fit(picture: Picture, input_hw: tuple[int, int]) -> Picture:
    """The picture letterboxed as on the device."""
    image, box = letterbox(picture.image_hwc, input_hw)
    return Picture(image, box.to_input(picture.boxes_xyxy), picture.class_ids)


def mosaic4(pictures: list[Picture], side_hw: tuple[int, int], rng: Generator) -> Picture:
    """Four pictures around a random centre, on a canvas of twice `side_hw`.

    Boxes are cut at its borders.
    The centre lies uniformly in the middle half of the canvas, as in the original.
    """
    height, width = side_hw
    canvas = np.full((2 * height, 2 * width, 3), PAD_VALUE, dtype=np.uint8)
    centre_x = int(rng.uniform(width / 2, 3 * width / 2))
    centre_y = int(rng.uniform(height / 2, 3 * height / 2))
    boxes, class_ids = [], []
    for index, picture in enumerate(pictures):
        tile = _fit_inside(picture, side_hw)
        tile_h, tile_w = tile.image_hwc.shape[:2]
        left = centre_x - tile_w if index % 2 == 0 else centre_x
        top = centre_y - tile_h if index < 2 else centre_y
        _paste(canvas, tile.image_hwc, top, left)
        shift = np.array([left, top, left, top], dtype=np.float32)
        boxes.append(tile.boxes_xyxy + shift)
        class_ids.append(tile.class_ids)
    limit = np.array([2 * width, 2 * height] * 2, dtype=np.float32)
    before = np.concatenate(boxes)
    after = np.clip(before, np.float32(0), limit)
    keep = _survives(before, after, 1.0)
    return Picture(canvas, after[keep], np.concatenate(class_ids)[keep])


def random_affine(
    picture: Picture, out_hw: tuple[int, int], limits: AffineRange, rng: Generator
) -> Picture:
    """Rotated, scaled, sheared and moved into `out_hw`; boxes are hulls of the warped corners."""
    height, width = picture.image_hwc.shape[:2]
    scale = rng.uniform(1 - limits.scale, 1.1 + limits.scale)
    angle = rng.uniform(-limits.degrees, limits.degrees)
    centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    rotate = np.eye(3)
    rotate[:2] = cv2.getRotationMatrix2D((0, 0), angle, scale)
    shear = np.eye(3)
    shear[0, 1] = math.tan(math.radians(rng.uniform(-limits.shear, limits.shear)))
    shear[1, 0] = math.tan(math.radians(rng.uniform(-limits.shear, limits.shear)))
    move = np.eye(3)
    move[0, 2] = rng.uniform(0.5 - limits.translate, 0.5 + limits.translate) * out_hw[1]
    move[1, 2] = rng.uniform(0.5 - limits.translate, 0.5 + limits.translate) * out_hw[0]
    matrix = move @ shear @ rotate @ centre
    fill = (PAD_VALUE, PAD_VALUE, PAD_VALUE)
    image = cv2.warpAffine(picture.image_hwc, matrix[:2], (out_hw[1], out_hw[0]), borderValue=fill)
    boxes = _warp_boxes(picture.boxes_xyxy, matrix)
    limit = np.array([out_hw[1], out_hw[0]] * 2, dtype=np.float32)
    inside = np.clip(boxes, np.float32(0), limit)
    keep = _survives(picture.boxes_xyxy, inside, scale)
    return Picture(np.asarray(image, dtype=np.uint8), inside[keep], picture.class_ids[keep])


def random_hsv(
    image_hwc: NDArray[np.uint8], gains: tuple[float, float, float], rng: Generator
) -> NDArray[np.uint8]:
    """Hue, saturation and value multiplied by 1 + U(-1, 1) * gain, through look-up tables."""
    factors = rng.uniform(-1, 1, 3) * gains + 1
    hue, saturation, value = cv2.split(cv2.cvtColor(image_hwc, cv2.COLOR_RGB2HSV))
    steps = np.arange(256, dtype=np.float64)
    table_hue = ((steps * factors[0]) % 180).astype(np.uint8)
    table_saturation = np.clip(steps * factors[1], 0, 255).astype(np.uint8)
    table_value = np.clip(steps * factors[2], 0, 255).astype(np.uint8)
    merged = cv2.merge(
        (
            cv2.LUT(hue, table_hue),
            cv2.LUT(saturation, table_saturation),
            cv2.LUT(value, table_value),
        )
    )
    return np.asarray(cv2.cvtColor(merged, cv2.COLOR_HSV2RGB), dtype=np.uint8)


def flip_horizontal(picture: Picture) -> Picture:
    """The picture mirrored left to right."""
    width = picture.image_hwc.shape[1]
    boxes = picture.boxes_xyxy.copy()
    boxes[:, [0, 2]] = width - picture.boxes_xyxy[:, [2, 0]]
    image = np.ascontiguousarray(picture.image_hwc[:, ::-1])
    return Picture(image, boxes, picture.class_ids)


def _fit_inside(picture: Picture, side_hw: tuple[int, int]) -> Picture:
    """Resized so that it just fits into `side_hw`, without padding."""
    height, width = picture.image_hwc.shape[:2]
    box = Letterbox.fit((height, width), side_hw)
    if box.content_hw == (height, width):
        return picture
    image = cv2.resize(picture.image_hwc, (box.content_hw[1], box.content_hw[0]))
    scale_x, scale_y = box.scale_xy
    scale = np.array([scale_x, scale_y, scale_x, scale_y], dtype=np.float32)
    return Picture(np.asarray(image, dtype=np.uint8), picture.boxes_xyxy * scale, picture.class_ids)


def _paste(canvas: NDArray[np.uint8], tile: NDArray[np.uint8], top: int, left: int) -> None:
    """Draw what of `tile` lies inside `canvas`."""
    bottom = min(top + tile.shape[0], canvas.shape[0])
    right = min(left + tile.shape[1], canvas.shape[1])
    from_y, from_x = max(top, 0), max(left, 0)
    canvas[from_y:bottom, from_x:right] = tile[
        from_y - top : bottom - top, from_x - left : right - left
    ]


def _warp_boxes(
    boxes_xyxy: NDArray[np.float32], matrix: NDArray[np.float64]
) -> NDArray[np.float32]:
    corners = boxes_xyxy[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    warped = corners @ matrix[:2, :2].T + matrix[:2, 2]
    hull = np.concatenate([warped.min(axis=1), warped.max(axis=1)], axis=1)
    return np.asarray(hull, dtype=np.float32).reshape(-1, 4)


def _survives(
    before: NDArray[np.float32], after: NDArray[np.float32], scale: float
) -> NDArray[np.bool_]:
    size_before = before[:, 2:] - before[:, :2]
    size = after[:, 2:] - after[:, :2]
    aspect = np.maximum(size[:, 0] / (size[:, 1] + 1e-9), size[:, 1] / (size[:, 0] + 1e-9))
    area_kept = size.prod(axis=1) / (size_before.prod(axis=1) * scale**2 + 1e-9)
    large = (size > _MIN_SIDE_PX).all(axis=1)
    return np.asarray(large & (area_kept > _MIN_AREA_KEPT) & (aspect < _MAX_ASPECT))
