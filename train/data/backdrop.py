"""What a fixed camera sees when nobody is there: the median of many of its pictures.

Surveillance cameras rarely move, so most of an object's outline can be had without polygons: it is
where the picture differs from the backdrop.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

SAMPLES = 31  # pictures to take the median of; odd, so that the median is one of them
_STATIC_LEVELS = 8.0  # a median difference above this is not the noise of a fixed camera
_SOFT_LEVELS = (10.0, 34.0)  # below: backdrop, above: object
_MIN_SHARE = 0.2  # of the box; an object that differs in less is not told apart


def find_backdrop(images_hwc: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8] | None:
    """The backdrop (H, W, 3) of pictures of one fixed camera; None if they are not that.

    At most `SAMPLES` pictures, evenly spaced, are looked at.
    """
    step = max(len(images_hwc) // SAMPLES, 1)
    chosen = list(images_hwc)[::step][:SAMPLES]
    if len(chosen) < SAMPLES or len({image.shape for image in chosen}) > 1:
        return None
    stack = np.stack(chosen)
    backdrop = np.median(stack, axis=0).astype(np.uint8)
    differences = [float(np.median(cv2.absdiff(image, backdrop))) for image in chosen]
    return backdrop if float(np.median(differences)) < _STATIC_LEVELS else None


def matte(patch_hwc: NDArray[np.uint8], backdrop_hwc: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much of each pixel (H, W) is object, in [0, 1].

    All ones if the object can't be told from the backdrop.
    """
    difference = cv2.absdiff(patch_hwc, backdrop_hwc).max(axis=2).astype(np.float32)
    difference = np.asarray(cv2.GaussianBlur(difference, (3, 3), 0), dtype=np.float32)
    low, high = _SOFT_LEVELS
    alpha = np.clip((difference - low) / (high - low), 0, 1).astype(np.float32)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = np.asarray(cv2.morphologyEx(alpha, cv2.MORPH_CLOSE, kernel), dtype=np.float32)
    return closed if float(closed.mean()) > _MIN_SHARE else np.ones_like(closed)
