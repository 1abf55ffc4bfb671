"""Boxes with words on pictures, for people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_TEXT_HEIGHT_PX = 22.0  # of the font at scale 1
_MARGIN_PX = 3
_MOST_ENLARGED = 3.0  # beyond, there are only blurred squares to see
_CLASS_COLOURS: tuple[Colour, ...] = (
    (31, 119, 180),
    (214, 39, 40),
    (44, 160, 44),
    (255, 127, 14),
    (148, 103, 189),
    (23, 190, 207),
    (227, 119, 194),
    (140, 86, 75),
    (188, 189, 34),
    (127, 127, 127),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A box x1, y1, x2, y2 in pixels, its colour (RGB), thickness, and the words above it."""

    box_xyxy: Sequence[float]
    colour: Colour
    text: str = ""
    thickness: int = 2


def class_colour(class_id: int) -> Colour:
    """A colour for a class, the same everywhere; they repeat after ten."""
    return _CLASS_COLOURS[class_id % len(_CLASS_COLOURS)]


def shrink(image_hwc: NDArray[np.uint8], widest_px: int) -> tuple[NDArray[np.uint8], float]:
    """The picture with a long side of at most `widest_px`, and by what it was multiplied."""
    if max(image_hwc.shape[:2]) <= widest_px:
        return image_hwc, 1.0
    return fit_long_side(image_hwc, widest_px)


def fit_long_side(
    image_hwc: NDArray[np.uint8], long_side_px: int
) -> tuple[NDArray[np.uint8], float]:
    """The picture with a long side of `long_side_px`, and by what it was multiplied: 3 at most."""
    ratio = min(long_side_px / max(image_hwc.shape[:2]), _MOST_ENLARGED)
    size = (max(round(image_hwc.shape[1] * ratio), 1), max(round(image_hwc.shape[0] * ratio), 1))
    how = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image_hwc, size, interpolation=how), dtype=np.uint8), ratio


def draw_marks(
    image_hwc: NDArray[np.uint8], marks: Sequence[Mark], scale: float = 1.0
) -> NDArray[np.uint8]:
    """A copy of an RGB picture (H, W, 3) with `marks`, whose boxes are multiplied by `scale`.

    Words stand above their box, or inside where there is no room; those of characters that the
    font lacks show as question marks.
    """
    out = np.ascontiguousarray(image_hwc).copy()
    for mark in marks:
        x1, y1, x2, y2 = (round(float(value) * scale) for value in mark.box_xyxy)
        cv2.rectangle(out, (x1, y1), (x2, y2), mark.colour, mark.thickness)
    for mark in marks:
        if mark.text:
            left, top = (round(float(value) * scale) for value in mark.box_xyxy[:2])
            _write(out, mark, left, top)
    return out


def encode_jpeg(image_hwc: NDArray[np.uint8], quality: int = 80) -> bytes:
    """An RGB picture as a JPEG file."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image_hwc, cv2.COLOR_RGB2BGR), flags)
    return bytes(data)


def _write(image: NDArray[np.uint8], mark: Mark, left: int, top: int) -> None:
    text = mark.text.encode("ascii", "replace").decode("ascii")
    scale = min(max(max(image.shape[:2]) / 1600, 0.4), 1.2)
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, 1)
    height = round(_TEXT_HEIGHT_PX * scale) + 2 * _MARGIN_PX
    left = min(max(left, 0), max(image.shape[1] - width - 2 * _MARGIN_PX, 0))
    top = top - height if top >= height else max(top, 0)
    top = min(top, max(image.shape[0] - height, 0))
    corner = (left + width + 2 * _MARGIN_PX, top + height)
    cv2.rectangle(image, (left, top), corner, mark.colour, cv2.FILLED)
    place = (left + _MARGIN_PX, top + height - 2 * _MARGIN_PX)
    cv2.putText(image, text, place, _FONT, scale, WHITE, 1, cv2.LINE_AA)
