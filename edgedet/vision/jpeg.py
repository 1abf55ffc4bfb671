"""A frame as a JPEG file of a limited size."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_QUALITIES = (85, 75, 60)
_SMALLER = 0.7  # each further attempt halves the number of pixels
_SMALLEST = 16


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A picture as a file. It may be smaller than the frame that it shows."""

    data: bytes
    width: int
    height: int


def encode_jpeg(image_rgb: NDArray[np.uint8], max_bytes: int, comment: str = "") -> Jpeg:
    """`image_rgb` (H, W, 3) as JPEG of at most `max_bytes`: at its own size if it can be.

    `comment` is kept in the file, for programs that see nothing but the file.

    Raises:
        ValueError: not even a picture of 16 pixels would fit.
    """
    remark = _comment(comment)
    image_bgr = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR)
    while min(image_bgr.shape[:2]) >= _SMALLEST or image_bgr.shape[:2] == image_rgb.shape[:2]:
        for quality in _QUALITIES:
            _, encoded = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if encoded.size + len(remark) <= max_bytes:
                data = encoded.tobytes()
                # behind the start of image, where a comment may stand
                data = data[:2] + remark + data[2:]
                return Jpeg(data, image_bgr.shape[1], image_bgr.shape[0])
        image_bgr = cv2.resize(
            image_bgr, None, fx=_SMALLER, fy=_SMALLER, interpolation=cv2.INTER_AREA
        )
    msg = f"no JPEG of {image_rgb.shape[1]} x {image_rgb.shape[0]} fits into {max_bytes} bytes"
    raise ValueError(msg)


def _comment(text: str) -> bytes:
    """A comment segment.

    Source: ITU-T T.81, B.2.4.5.
    """
    content = text.encode()
    return b"\xff\xfe" + (len(content) + 2).to_bytes(2, "big") + content if text else b""
