"""What becomes of boxes when their picture is warped, cut or covered.

A box survives when both sides stay longer than 2 px, more than 10 % of its area is left (apart from
the change of scale), and it is less than 20 times as long as wide.
Source: the description of the original's recipe, `random_perspective`.
"""

import numpy as np
from numpy.typing import NDArray

MIN_SIDE_PX = 2.0
MIN_AREA_KEPT = 0.10
MAX_ASPECT = 20.0
_TINY = 1e-9

Rectangle = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels."""


def survives(
    before_xyxy: NDArray[np.float32], after_xyxy: NDArray[np.float32], scale: float = 1.0
) -> NDArray[np.bool_]:
    """Which boxes (n, 4) are still worth a label (n,); `scale` is by how much lengths grew."""
    before, after = areas(before_xyxy) * scale**2, areas(after_xyxy)
    return worth_a_label(after_xyxy, after / (before + _TINY))


def worth_a_label(
    boxes_xyxy: NDArray[np.float32], shares_left: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which boxes (n, 4) survive with `shares_left` (n,) of their area to be seen."""
    # by columns: numpy needs several times as long to reduce rows of two
    width, height = boxes_xyxy[:, 2] - boxes_xyxy[:, 0], boxes_xyxy[:, 3] - boxes_xyxy[:, 1]
    shorter, longer = np.minimum(width, height), np.maximum(width, height)
    is_plump = longer < MAX_ASPECT * shorter
    return np.asarray((shorter > MIN_SIDE_PX) & (shares_left > MIN_AREA_KEPT) & is_plump)


def areas(boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Areas (n,) in square pixels."""
    x1, y1, x2, y2 = boxes_xyxy.T
    return np.asarray((x2 - x1) * (y2 - y1))


def clip(boxes_xyxy: NDArray[np.float32], inside: Rectangle) -> NDArray[np.float32]:
    """Boxes (n, 4) cut at the sides of a rectangle; those outside become empty."""
    x1, y1, x2, y2 = inside
    low = np.array([x1, y1, x1, y1], dtype=np.float32)
    high = np.array([x2, y2, x2, y2], dtype=np.float32)
    return np.minimum(np.maximum(boxes_xyxy, low), high)


def move(boxes_xyxy: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """The upright hulls (n, 4) of boxes moved by a homogeneous matrix (3, 3)."""
    corners = boxes_xyxy[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    points = moved[..., :2] / moved[..., 2:]
    hull = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    return np.asarray(hull, dtype=np.float32).reshape(-1, 4)


def overlaps(boxes_xyxy: NDArray[np.float32], rectangle: Rectangle) -> NDArray[np.float32]:
    """The share (n,) of each box that lies under a rectangle."""
    inside = areas(clip(boxes_xyxy, rectangle))
    return np.asarray(inside / np.maximum(areas(boxes_xyxy), _TINY))


def uncovered(
    boxes_xyxy: NDArray[np.float32], cover: Rectangle
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The hulls (n, 4) of what a rectangle leaves of boxes, and the shares (n,) it leaves.

    A box is cut where the rectangle reaches across it; where only a corner or the middle is hidden,
    what is seen still reaches as far as before.
    """
    x1, y1, x2, y2 = cover
    left, top, right, bottom = boxes_xyxy.T.copy()
    is_across_x = (x1 <= left) & (x2 >= right)
    is_across_y = (y1 <= top) & (y2 >= bottom)
    out = boxes_xyxy.copy()
    out[:, 0] = np.where(is_across_y & (x1 <= left), np.clip(x2, left, right), left)
    out[:, 2] = np.where(is_across_y & (x2 >= right), np.clip(x1, left, right), right)
    out[:, 1] = np.where(is_across_x & (y1 <= top), np.clip(y2, top, bottom), top)
    out[:, 3] = np.where(is_across_x & (y2 >= bottom), np.clip(y1, top, bottom), bottom)
    out[:, 2:] = np.maximum(out[:, :2], out[:, 2:])
    return out, np.asarray(1 - overlaps(boxes_xyxy, cover), dtype=np.float32)
