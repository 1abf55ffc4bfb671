"""Small pictures with boxes drawn, for the page."""

import base64
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError
from train.data.dataset import load_picture

_SIDE_PX = 260
_TINY_PX = 12  # a box smaller than this on the drawing gets a ring around it
_GREEN, _RED = (60, 255, 90), (255, 50, 45)
# thin lines keep their colour only if that is not stored at half the size
_JPEG = [
    cv2.IMWRITE_JPEG_QUALITY, 82,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]  # fmt: skip


def drawing(path: Path, boxes: NDArray[np.float32], marked: tuple[float, ...] = ()) -> str | None:
    """A JPEG in base64 with labels (n, 5) in green and one box in red; None if it can't be shown.

    `marked` is cx, cy, w, h as shares of the picture, and may leave it.
    """
    try:
        image = load_picture(path)
    except DataError:
        return None
    ratio = _SIDE_PX / max(image.shape[:2])
    width, height = (max(round(side * ratio), 1) for side in (image.shape[1], image.shape[0]))
    mode = cv2.INTER_AREA if ratio < 1 else cv2.INTER_NEAREST
    small = np.asarray(cv2.resize(image, (width, height), interpolation=mode), dtype=np.uint8)
    for row in boxes.tolist():
        _draw(small, tuple(row[1:]), _GREEN, 1)
    if len(marked) == 4 and np.isfinite(marked).all():
        _draw(small, marked, _RED, 2)
    _, content = cv2.imencode(".jpg", small[:, :, ::-1], _JPEG)
    return base64.b64encode(content.tobytes()).decode("ascii")


def _draw(
    image: NDArray[np.uint8], box: tuple[float, ...], colour: tuple[int, int, int], line: int
) -> None:
    height, width = image.shape[:2]
    centre_x, centre_y, w, h = (
        float(np.clip(number * side, -4 * side, 4 * side))
        for number, side in zip(box, (width, height, width, height), strict=True)
    )
    corners = (
        (round(centre_x - w / 2), round(centre_y - h / 2)),
        (round(centre_x + w / 2) - 1, round(centre_y + h / 2) - 1),
    )
    cv2.rectangle(image, *corners, colour, line)
    if max(w, h) < _TINY_PX:
        cv2.circle(image, (round(centre_x), round(centre_y)), _TINY_PX, colour, line, cv2.LINE_AA)
