"""What a fixed camera sees when nobody is there: the median of many of its pictures.

Surveillance cameras rarely move, so most of an object's outline can be had without polygons: it is
where the picture differs from the backdrop. A set may hold pictures of several cameras, by day and
by night, in one folder or in many, and of none that stands still; a picture is looked at with the
backdrop that it resembles, or with none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SAMPLES = 31  # pictures to take the median of; odd, so that the median is one of them
_STATIC_LEVELS = 7.0  # more is not the noise of a camera that stands still
_STATIC_PERCENT = 75  # of pixels that differ by less; 4 px of shaking bring PETS09 from 2 to 8
_ALIKE_LEVELS = 8.0  # median difference of thumbnails that may come from one camera
# Below: backdrop, above: object. Less lets a rim of the old ground through, which JPEG smears with
# the object's colours, and a network takes that rim for the object.
_SOFT_LEVELS = (20.0, 56.0)
_MIN_SHARE = 0.2  # of the box; an object that differs in less is not told apart
_THUMBNAIL_PX = 24
_MAX_VIEWS = 64  # of one shape; more than that are no fixed cameras


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What one camera sees: its backdrop (H, W, 3) and a thumbnail of that."""

    backdrop_hwc: NDArray[np.uint8]
    thumbnail: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Backdrops:
    """The backdrops of a set of pictures, one for each camera that stands still."""

    views: tuple[View, ...] = ()

    def of(self, image_hwc: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """The backdrop of a picture; None if it comes from none of the cameras."""
        alike = [view for view in self.views if view.backdrop_hwc.shape == image_hwc.shape]
        if not alike:
            return None
        thumbnail = _thumbnail(image_hwc)
        differences = [_difference(thumbnail, view.thumbnail) for view in alike]
        nearest = int(np.argmin(differences))
        return alike[nearest].backdrop_hwc if differences[nearest] < _ALIKE_LEVELS else None


def find_backdrops(images_hwc: Iterable[NDArray[np.uint8]]) -> Backdrops:
    """The cameras behind pictures that come in any order.

    Pictures of one shape that look alike as thumbnails form a group; every group of at least
    `SAMPLES` has a backdrop, unless its pictures differ more than those of a fixed camera.
    """
    groups: dict[tuple[int, ...], list[list[NDArray[np.uint8]]]] = {}
    firsts: dict[tuple[int, ...], list[NDArray[np.int16]]] = {}
    for image in images_hwc:
        thumbnail = _thumbnail(image)
        known = firsts.setdefault(image.shape, [])
        members = groups.setdefault(image.shape, [])
        differences = [_difference(thumbnail, first) for first in known]
        nearest = int(np.argmin(differences)) if differences else -1
        if differences and differences[nearest] < _ALIKE_LEVELS:
            members[nearest].append(image)
        elif len(known) < _MAX_VIEWS:
            known.append(thumbnail)
            members.append([image])
    found = [find_backdrop(group) for members in groups.values() for group in members]
    return Backdrops(tuple(View(each, _thumbnail(each)) for each in found if each is not None))


def find_backdrop(images_hwc: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8] | None:
    """The backdrop (H, W, 3) of pictures of one fixed camera; None if they are not that.

    At most `SAMPLES` pictures, evenly spaced, are looked at.
    """
    step = max(len(images_hwc) // SAMPLES, 1)
    chosen = list(images_hwc)[::step][:SAMPLES]
    if len(chosen) < SAMPLES or len({image.shape for image in chosen}) > 1:
        return None
    backdrop = np.median(np.stack(chosen), axis=0).astype(np.uint8)
    differences = [np.percentile(cv2.absdiff(each, backdrop), _STATIC_PERCENT) for each in chosen]
    return backdrop if float(np.median(differences)) < _STATIC_LEVELS else None


def matte(patch_hwc: NDArray[np.uint8], backdrop_hwc: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much of each pixel (H, W) is object, in [0, 1].

    All ones if the object can't be told from the backdrop.
    """
    difference = cv2.absdiff(patch_hwc, backdrop_hwc).max(axis=2).astype(np.float32)
    difference = np.asarray(cv2.GaussianBlur(difference, (3, 3), 0), dtype=np.float32)
    low, high = _SOFT_LEVELS
    alpha = np.clip((difference - low) / (high - low), 0, 1).astype(np.float32)
    small = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    closed = cv2.morphologyEx(alpha, cv2.MORPH_CLOSE, small)
    inner = np.asarray(cv2.erode(closed, small), dtype=np.float32)
    return inner if float(closed.mean()) > _MIN_SHARE else np.ones_like(inner)


def _thumbnail(image_hwc: NDArray[np.uint8]) -> NDArray[np.int16]:
    # means of areas, so that an object that passes by changes few of them; of a part of the pixels
    some_wh, small_wh = (4 * _THUMBNAIL_PX,) * 2, (_THUMBNAIL_PX,) * 2
    some = cv2.resize(image_hwc, some_wh, interpolation=cv2.INTER_NEAREST)
    small = cv2.resize(some, small_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.int16)


def _difference(one: NDArray[np.int16], other: NDArray[np.int16]) -> float:
    return float(np.median(np.abs(one - other)))
