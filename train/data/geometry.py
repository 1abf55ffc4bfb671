"""Turning, scaling, shearing, moving, tilting and mirroring pictures, with their boxes.

Ranges follow the description of the original's `random_perspective`: the picture's centre goes to
the origin, then perspective, rotation with scale from U(1 - s, 1.1 + s), shear, and a translation
of U(0.5 - t, 0.5 + t) of the output; what lies outside is filled with 114.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edgedet.vision import PAD_VALUE
from train.data.boxes import clip, move, survives
from train.data.picture import Picture

_FILL = (PAD_VALUE, PAD_VALUE, PAD_VALUE)
# The far side of a tilted picture comes at most this much nearer to the horizon: without a limit
# 0.001 px⁻¹, the largest that the original allows, puts the corners of a mosaic behind the camera.
_MAX_TILT = 0.8


@dataclass(frozen=True, slots=True)
class WarpRange:
    """How far `draw_warp` may go.

    Degrees of rotation and shear, shares of the picture for translation and scale, and perspective
    in 1/pixels. Up to `zoom` times closer, at any part of the canvas.
    """

    degrees: float = 0.0
    translate: float = 0.1
    scale: float = 0.5
    shear: float = 0.0
    perspective: float = 0.0
    zoom: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """Where points go: a homogeneous matrix float64 (3, 3) on (x, y), and by how much areas grow.

    Points are in pixels with pixel i covering i to i + 1, as boxes are.
    """

    matrix: NDArray[np.float64]
    scale: float = 1.0

    @classmethod
    def centred(cls, canvas_hw: tuple[int, int], out_hw: tuple[int, int]) -> "Warp":
        """Neither turned nor scaled: the middle of the canvas."""
        matrix = np.eye(3)
        matrix[:2, 2] = (out_hw[1] - canvas_hw[1]) // 2, (out_hw[0] - canvas_hw[0]) // 2
        return cls(matrix)

    @property
    def is_upright(self) -> bool:
        """Whether rows stay rows and columns stay columns, in their order."""
        aside = self.matrix[[0, 1, 2, 2], [1, 0, 0, 1]]
        return not aside.any() and self.matrix[0, 0] > 0 and self.matrix[1, 1] > 0


def draw_warp(
    canvas_hw: tuple[int, int], out_hw: tuple[int, int], limits: WarpRange, rng: Generator
) -> Warp:
    """A warp from a canvas into `out_hw`, drawn within `limits`."""
    (height, width), (out_height, out_width) = canvas_hw, out_hw
    closer = float(rng.uniform(1, limits.zoom)) if limits.zoom > 1 else 1.0
    scale = closer * float(rng.uniform(1 - limits.scale, 1.1 + limits.scale))
    angle = rng.uniform(-limits.degrees, limits.degrees)
    centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    tilt = np.eye(3)
    tilt[2, :2] = rng.uniform(-limits.perspective, limits.perspective, 2)
    nearness = abs(tilt[2, 0]) * width / 2 + abs(tilt[2, 1]) * height / 2
    tilt[2, :2] *= min(1.0, _MAX_TILT / max(nearness, 1e-9))
    turn = np.eye(3)
    if limits.degrees:
        turn[:2] = cv2.getRotationMatrix2D((0, 0), angle, scale)
    else:
        turn[0, 0] = turn[1, 1] = scale
    shear = np.eye(3)
    shear[0, 1], shear[1, 0] = np.tan(rng.uniform(-1, 1, 2) * math.radians(limits.shear))
    shift = np.eye(3)
    reach = limits.translate + (closer - 1) / 2
    shares = rng.uniform(0.5 - reach, 0.5 + reach, 2)
    shift[:2, 2] = shares * (out_width, out_height)
    return Warp(shift @ shear @ turn @ tilt @ centre, scale)


def warp(picture: Picture, how: Warp, out_hw: tuple[int, int]) -> Picture:
    """The picture as `how` sends it into `out_hw`; boxes are hulls of the moved corners."""
    out_wh = (out_hw[1], out_hw[0])
    to_centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    # OpenCV counts from the centres of pixels
    matrix = np.linalg.inv(to_centre) @ how.matrix @ to_centre
    if how.matrix[2, :2].any():
        image = cv2.warpPerspective(picture.image_hwc, matrix, out_wh, borderValue=_FILL)
    else:
        image = cv2.warpAffine(picture.image_hwc, matrix[:2], out_wh, borderValue=_FILL)
    boxes = clip(move(picture.boxes_xyxy, how.matrix), (0, 0, *out_wh))
    keep = survives(picture.boxes_xyxy, boxes, how.scale)
    return Picture(np.asarray(image, dtype=np.uint8), boxes[keep], picture.class_ids[keep])


def flip_horizontal(picture: Picture) -> Picture:
    """The picture mirrored left to right."""
    boxes = picture.boxes_xyxy.copy()
    boxes[:, [0, 2]] = picture.size_hw[1] - picture.boxes_xyxy[:, [2, 0]]
    image = np.asarray(cv2.flip(picture.image_hwc, 1), dtype=np.uint8)
    return Picture(image, boxes, picture.class_ids)


def flip_vertical(picture: Picture) -> Picture:
    """The picture mirrored top to bottom."""
    boxes = picture.boxes_xyxy.copy()
    boxes[:, [1, 3]] = picture.size_hw[0] - picture.boxes_xyxy[:, [3, 1]]
    image = np.asarray(cv2.flip(picture.image_hwc, 0), dtype=np.uint8)
    return Picture(image, boxes, picture.class_ids)
