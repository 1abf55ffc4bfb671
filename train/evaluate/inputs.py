"""Which pictures share a batch, and how they are fitted into it: fixed, or as the original does.

Fixed is what an engine runs: every picture in the middle of one square. The original scores in
rectangles instead: pictures sorted by aspect ratio, and for each batch the smallest shape that
holds them, with half a stride more on either side; a 640 px evaluation runs at up to 672 px there.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.vision import Letterbox, letterbox
from edgedet.vision.letterbox import PAD_VALUE

InputShape = Literal["fixed", "rect"]
ItemT = TypeVar("ItemT")

_RECT_PAD = 0.5  # strides that the original adds to the rectangle in validation


def fixed_batches(
    items: Sequence[ItemT], batch_size: int, input_hw: tuple[int, int]
) -> Iterator[tuple[Sequence[ItemT], tuple[int, int]]]:
    """Batches in the order of `items`, all of one shape (height, width)."""
    for first in range(0, len(items), batch_size):
        yield items[first : first + batch_size], input_hw


def rect_batches(
    items: Sequence[ItemT],
    batch_size: int,
    image_size: int,
    stride: int,
    size_of: Callable[[ItemT], tuple[int, int]],
) -> Iterator[tuple[Sequence[ItemT], tuple[int, int]]]:
    """Batches sorted by aspect ratio, each with the shape (height, width) that holds it.

    Args:
        items: Pictures, in any form.
        batch_size: Pictures in a batch.
        image_size: The long side that pictures are resized to, in pixels.
        stride: Shapes are multiples of it.
        size_of: Height and width of a picture.

    Source: the original's validation, shape = ceil(shape * size / stride + 0.5) * stride.
    """
    sizes = [size_of(item) for item in items]
    order = sorted(range(len(items)), key=lambda i: sizes[i][0] / sizes[i][1])
    for first in range(0, len(order), batch_size):
        mine = order[first : first + batch_size]
        aspects = [sizes[i][0] / sizes[i][1] for i in mine]
        yield [items[i] for i in mine], rect_shape(aspects, image_size, stride)


def rect_shape(aspects: Sequence[float], image_size: int, stride: int) -> tuple[int, int]:
    """Height and width of a batch of pictures with these aspect ratios (height / width).

    >>> rect_shape([0.75], 640, 32)
    (512, 672)
    """
    height = min(max(aspects), 1.0)
    width = min(1.0 / min(aspects), 1.0)
    sides = (math.ceil(side * image_size / stride + _RECT_PAD) * stride for side in (height, width))
    return next(sides), next(sides)


def fit_fixed(
    image_hwc: NDArray[np.uint8], input_hw: tuple[int, int]
) -> tuple[NDArray[np.uint8], Letterbox]:
    """The device's own letterbox."""
    return letterbox(image_hwc, input_hw)


def fit_rect(
    image_hwc: NDArray[np.uint8], input_hw: tuple[int, int], image_size: int
) -> tuple[NDArray[np.uint8], Letterbox]:
    """A picture (H, W, C) resized to a long side of `image_size`, in the middle of `input_hw`.

    Never enlarged to fill the rectangle; averaged when made smaller, as in the original.
    """
    height, width = image_hwc.shape[:2]
    ratio = image_size / max(height, width)
    content = max(int(height * ratio), 1), max(int(width * ratio), 1)
    how = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    if content != (height, width):
        resized = cv2.resize(image_hwc, (content[1], content[0]), interpolation=how)
        image_hwc = np.asarray(resized, dtype=np.uint8).reshape(*content, -1)
    top = round((input_hw[0] - content[0]) / 2 - 0.1)
    left = round((input_hw[1] - content[1]) / 2 - 0.1)
    out = np.full((*input_hw, image_hwc.shape[2]), PAD_VALUE, dtype=np.uint8)
    out[top : top + content[0], left : left + content[1]] = image_hwc
    return out, Letterbox((height, width), input_hw, content, top, left)
