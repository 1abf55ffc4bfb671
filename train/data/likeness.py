"""How alike two pictures look, told from very small versions of them."""

import re

import cv2
import numpy as np
from numpy.typing import NDArray

MINIATURE_SIDE = 32
# A copy saved anew or resized differs by less in every cell; somebody who walked on, by more.
_SAME_LEVELS = 12
COARSE_LEVELS = 24
"""What `coarse` cells of two alike pictures differ by at most; twice that of any single cell."""
_ROBOFLOW = re.compile(r"[._](?:jpe?g|png|bmp|webp|tiff?)\.rf\.[0-9A-Za-z]+$", re.IGNORECASE)


def miniature(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture, (H, W, 3) or (H, W), as (32, 32) grey levels, its shape not kept."""
    if image.ndim == 3:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    small = cv2.resize(image, (MINIATURE_SIDE, MINIATURE_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def difference_hash(mini: NDArray[np.uint8]) -> int:
    """64 bits of a miniature: is a cell brighter than the one to its right (dHash).

    Source: N. Krawetz, "Kind of like that", The Hacker Factor blog, 2013.
    """
    small = cv2.resize(mini, (9, 8), interpolation=cv2.INTER_AREA)
    bits = (small[:, :-1] > small[:, 1:]).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def look_the_same(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether miniatures (…, 32, 32) show the same: no cell differs much, brightness aside."""
    difference = first.astype(np.int16) - second.astype(np.int16)
    difference -= np.median(difference, axis=(-2, -1), keepdims=True).astype(np.int16)
    return np.asarray(np.abs(difference).max(axis=(-2, -1)) <= _SAME_LEVELS)


def coarse(minis: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Miniatures (N, 32, 32) as (N, 8, 8): quick to compare, before anything finer is."""
    cells = minis.reshape(len(minis), 8, 4, 8, 4).mean(axis=(2, 4))
    return np.asarray(cells, dtype=np.int16)


def alike_pairs(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Every pair of a miniature of `first` (M, 32, 32) and one of `second` that look the same.

    Each is compared with each: for thousands of pictures, not for a hundred thousand.
    """
    pairs: list[tuple[int, int]] = []
    rough = coarse(second)
    for one, (mini, own) in enumerate(zip(first, coarse(first), strict=True)):
        likely = np.flatnonzero(np.abs(rough - own).max(axis=(1, 2)) <= COARSE_LEVELS)
        alike = likely[look_the_same(second[likely], mini)] if len(likely) else likely
        pairs += [(one, int(other)) for other in alike]
    return pairs


def source_stem(stem: str) -> str:
    """What a picture was called before Roboflow made versions of it.

    >>> source_stem("gate_0042_jpg.rf.1b2c3d4e5f")
    'gate_0042'
    """
    return _ROBOFLOW.sub("", stem)
