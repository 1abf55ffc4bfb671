"""What objects look like, in a few numbers: enough to tell apart two that meet in one picture.

Their colours, upper and lower half apart. Made for the seconds of an encounter before one camera,
where the light is one; it does not know a person again in another place, nor on another day.
"""

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

_BINS = 4  # levels of each of red, green and blue
_HALF = _BINS**3
LOOK_LENGTH = 2 * _HALF
# of the height: upper half, lower half, without what lies above the head and the feet
_PARTS = (0.12, 0.5, 0.9)
_MARGIN = 0.22  # of the width, on either side: background
_MIN_PIXELS = 4

# square roots of levels, as dark clothes differ in them more than bright ones
_LEVEL = np.sqrt(np.arange(256) / 256.0)
_DIGIT = np.minimum((_LEVEL * _BINS).astype(np.int64), _BINS - 1)
_PLACES = (_BINS * _BINS, _BINS, 1)
_TABLE = np.stack([_DIGIT * place for place in _PLACES], axis=-1)[None].astype(np.uint8)
_SUM = np.ones((1, 3), dtype=np.float32)


def looks_of(rgb_hwc: NDArray[np.uint8], boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float64]:
    """Looks (N, 128) of the boxes (N, 4) in pixels of the picture, each of length 1.

    The product of two is their likeness: 1 for equal colours, 0 for colours without overlap (the
    Bhattacharyya coefficient). Of a half without pixels nothing is known and nothing is alike.
    """
    looks = np.zeros((len(boxes_xyxy), LOOK_LENGTH))
    if len(boxes_xyxy) == 0:
        return looks
    rgb_hwc, boxes_xyxy = _around(rgb_hwc, boxes_xyxy)
    height, width = rgb_hwc.shape[:2]
    if height == 0 or width == 0:
        return looks
    # the colour of every pixel as one number: boxes overlap, and calls cost more than pixels
    colours_hw = cv2.transform(cv2.LUT(rgb_hwc, _TABLE), _SUM)
    for row, (x1, y1, x2, y2) in enumerate(boxes_xyxy.tolist()):
        margin, tall = _MARGIN * (x2 - x1), y2 - y1
        left, right = max(round(x1 + margin), 0), min(round(x2 - margin), width)
        rows = [min(max(round(y1 + part * tall), 0), height) for part in _PARTS]
        if right <= left or rows[-1] <= rows[0]:
            continue
        for half, (top, bottom) in enumerate(itertools.pairwise(rows)):
            counts = np.bincount(colours_hw[top:bottom, left:right].ravel(), minlength=_HALF)
            total = (bottom - top) * (right - left)
            if total >= _MIN_PIXELS:
                looks[row, half * _HALF : (half + 1) * _HALF] = np.sqrt(counts / (2 * total))
    return looks


def _around(
    rgb_hwc: NDArray[np.uint8], boxes_xyxy: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The part of the picture that all boxes lie in, and the boxes (N, 4) in pixels of it."""
    height, width = rgb_hwc.shape[:2]
    low = np.maximum(np.floor(boxes_xyxy[:, :2].min(axis=0)), 0).astype(np.int64)
    high = np.minimum(np.ceil(boxes_xyxy[:, 2:].max(axis=0)), (width, height)).astype(np.int64)
    part = rgb_hwc[low[1] : max(high[1], low[1]), low[0] : max(high[0], low[0])]
    return part, boxes_xyxy - np.tile(low, 2).astype(np.float32)
