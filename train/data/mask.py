"""GridMask: a grid of grey squares, so that no single part of an object is all that counts.

Source: P. Chen et al., GridMask Data Augmentation, 2020; without its rotation.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edgedet.vision import PAD_VALUE
from train.data.boxes import worth_a_label
from train.data.picture import Picture

_PERIOD = (0.1, 0.3)  # distance of the squares, as a share of the shorter side
_SQUARE = (0.3, 0.6)  # side of a square, as a share of the distance
_MIN_PERIOD_PX = 4


def gridmask(picture: Picture, rng: Generator) -> Picture:
    """The picture behind a grid of squares; boxes of which less than 10 % is seen are dropped."""
    height, width = picture.size_hw
    period = max(round(min(height, width) * rng.uniform(*_PERIOD)), _MIN_PERIOD_PX)
    square = max(round(period * rng.uniform(*_SQUARE)), 1)
    off_x, off_y = rng.integers(period, size=2).tolist()
    columns, rows = _stripes(width, period, square, off_x), _stripes(height, period, square, off_y)
    image = picture.image_hwc.copy()
    for top, bottom in rows:
        for left, right in columns:
            image[top:bottom, left:right] = PAD_VALUE
    boxes = picture.boxes_xyxy
    hidden = _shares(boxes[:, [0, 2]], columns) * _shares(boxes[:, [1, 3]], rows)
    keep = worth_a_label(boxes, 1 - hidden)
    return Picture(image, boxes[keep], picture.class_ids[keep])


def _stripes(length: int, period: int, square: int, offset: int) -> list[tuple[int, int]]:
    """Where stripes of `square` pixels every `period` begin and end, within `length` pixels."""
    starts = range(-offset, length, period)
    return [(max(start, 0), min(start + square, length)) for start in starts if start + square > 0]


def _shares(spans: NDArray[np.float32], stripes: list[tuple[int, int]]) -> NDArray[np.float32]:
    """The share (n,) of each span (n, 2) that lies in stripes."""
    starts, ends = np.array(stripes, dtype=np.float32).T
    common = np.minimum(spans[:, 1:], ends) - np.maximum(spans[:, :1], starts)
    lengths = np.maximum(spans[:, 1] - spans[:, 0], 1e-9)
    return np.asarray(np.maximum(common, 0).sum(axis=1) / lengths, dtype=np.float32)
