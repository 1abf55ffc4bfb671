"""Whether a frame looks like one that was kept: a perceptual hash, and the same objects.

The hash alone would not do for a camera that stands still: all its pictures are alike, whatever
walks through them. So the objects must be alike too, one to one.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.frame import Frame, PixelFormat
from edgedet.vision.boxes import iou_matrix

HASH_SIDE = 16
HASH_BITS = HASH_SIDE * HASH_SIDE
_SMOOTH_SIDE = 64  # the part of the cosine transform that is looked at comes from so many samples
_THINNED_SIDE = 256  # averaging all of 1080p takes 30 times as long, for 4 other bits of 256
_SAME_PLACE_IOU = 0.4
_SAME_SHARE = 0.75  # in a crowd somebody always moves


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How a frame looks. `bits` bool (256,); boxes are shares of width and height."""

    bits: NDArray[np.bool_]
    boxes_xyxy: NDArray[np.float32]
    class_ids: NDArray[np.int32]

    def is_like(self, other: "Look", distance: int) -> bool:
        """Whether at most `distance` bits differ, and both have the same objects."""
        if np.count_nonzero(self.bits != other.bits) > distance:
            return False
        return _same_objects(self, other)

    def text(self) -> str:
        """The hash as 64 hexadecimal digits."""
        return np.packbits(self.bits).tobytes().hex()


def bits_of(text: str) -> NDArray[np.bool_]:
    """The bits (256,) of what `Look.text` gave."""
    packed = np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
    return np.unpackbits(packed)[:HASH_BITS].astype(np.bool_)


def perceptual_hash(frame: Frame) -> NDArray[np.bool_]:
    """256 bits of the picture's coarse structure, brightness left out.

    The signs, around their median, of the lowest frequencies of a cosine transform. Source: the
    pHash of C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions (2010),
    with 16 x 16 instead of 8 x 8 coefficients.
    """
    small = cv2.resize(_grey(frame), (_SMOOTH_SIDE, _SMOOTH_SIDE), interpolation=cv2.INTER_AREA)
    spectrum = cv2.dct(np.asarray(small, dtype=np.float32))
    low = np.asarray(spectrum[:HASH_SIDE, :HASH_SIDE], dtype=np.float32).ravel()
    return np.asarray(low > np.median(low[1:]))  # the first is the mean brightness


def _grey(frame: Frame) -> NDArray[np.uint8]:
    """The brightness of a frame, thinned out; for YUV formats that is a plane of it."""
    plane = frame.planes[0]
    step = max(min(plane.shape[:2]) // _THINNED_SIDE, 1)
    thinned = np.ascontiguousarray(plane[::step, ::step])
    codes = {
        PixelFormat.RGB: cv2.COLOR_RGB2GRAY,
        PixelFormat.BGR: cv2.COLOR_BGR2GRAY,
        PixelFormat.RGBA: cv2.COLOR_RGBA2GRAY,
    }
    if frame.pixel_format not in codes:
        return thinned
    return np.asarray(cv2.cvtColor(thinned, codes[frame.pixel_format]), dtype=np.uint8)


def _same_objects(one: Look, other: Look) -> bool:
    """Whether three of four objects are at their place in the other, and no class is new."""
    if set(one.class_ids.tolist()) != set(other.class_ids.tolist()):
        return False
    if not len(one.class_ids):
        return True
    overlap = iou_matrix(one.boxes_xyxy, other.boxes_xyxy)
    fits = (overlap >= _SAME_PLACE_IOU) & (one.class_ids[:, None] == other.class_ids[None, :])
    matched = min(int(fits.any(axis=0).sum()), int(fits.any(axis=1).sum()))
    return bool(matched >= _SAME_SHARE * max(fits.shape))
