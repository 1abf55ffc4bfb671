"""Pictures as the network sees them, for people: boxes with names, one by one or on a sheet."""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError
from train.drawing import Mark, class_colour, draw_marks, shrink

_GAP_PX = 6
_WIDEST_PX = 1800  # of a sheet


def mark_objects(
    image_hwc: NDArray[np.uint8], labels: NDArray[np.float32], names: Sequence[str]
) -> NDArray[np.uint8]:
    """A copy of a picture with its labels (n, 5: class id, cx, cy, w, h, as shares) drawn."""
    height, width = image_hwc.shape[:2]
    marks = []
    for class_id, x, y, w, h in labels.tolist():
        box = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
        colour = class_colour(int(class_id))
        marks.append(Mark(box, colour, names[int(class_id)], thickness=1))
    return draw_marks(image_hwc, marks)


def lay_out(
    pictures: Sequence[NDArray[np.uint8]], columns: int | None = None, widest_px: int = _WIDEST_PX
) -> NDArray[np.uint8]:
    """Pictures side by side on white, in nearly a square, at most `widest_px` wide.

    Pictures keep their relative sizes, each in the middle of its field.
    """
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    largest = max(max(picture.shape[:2]) for picture in pictures)
    field = min(largest, (widest_px - _GAP_PX) // columns - _GAP_PX)
    pitch = field + _GAP_PX
    sheet = np.full((rows * pitch + _GAP_PX, columns * pitch + _GAP_PX, 3), 255, dtype=np.uint8)
    for number, picture in enumerate(pictures):
        small, _ = shrink(picture, max(round(max(picture.shape[:2]) * field / largest), 1))
        top = _GAP_PX + number // columns * pitch + (field - small.shape[0]) // 2
        left = _GAP_PX + number % columns * pitch + (field - small.shape[1]) // 2
        sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    return sheet


def write_picture(path: Path, image_hwc: NDArray[np.uint8], quality: int = 85) -> None:
    """Write an RGB picture in the format of the suffix; `quality` is for JPEG.

    Raises:
        DataError: if it cannot be written.
    """
    is_jpeg = path.suffix.lower() in (".jpg", ".jpeg")
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality] if is_jpeg else []
    done, data = cv2.imencode(path.suffix, cv2.cvtColor(image_hwc, cv2.COLOR_RGB2BGR), flags)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.tobytes())
    except OSError as exc:
        msg = f"cannot write {path}: {exc.strerror}; give --out a place that can be written"
        raise DataError(msg) from exc
    if not done:
        msg = f"cannot encode {path}; expected a suffix of .png or .jpg"
        raise DataError(msg)
