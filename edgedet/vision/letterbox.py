"""Fitting a picture of any size into the fixed input of a network, and boxes back.

Sizes and paddings follow the original YOLOv7: ratio = min(new / old), the picture is resized to
(round(width * ratio), round(height * ratio)) and centred, with round(d / 2 - 0.1) pixels of padding
before it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PAD_VALUE = 114


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture lies inside the network input; all in pixels.

    `source_hw` is the picture's own size, `input_hw` the network's; the picture covers
    `content_hw` pixels of the input from (`top`, `left`) on.
    """

    source_hw: tuple[int, int]
    input_hw: tuple[int, int]
    content_hw: tuple[int, int]
    top: int
    left: int

    @classmethod
    def fit(cls, source_hw: tuple[int, int], input_hw: tuple[int, int]) -> "Letterbox":
        """The letterbox of a picture of `source_hw` in an input of `input_hw`.

        Raises:
            ValueError: if a side is not positive.

        >>> Letterbox.fit((576, 768), (416, 416))
        Letterbox(source_hw=(576, 768), input_hw=(416, 416), content_hw=(312, 416), top=52, left=0)
        """
        if min(*source_hw, *input_hw) < 1:
            msg = f"cannot letterbox {source_hw} into {input_hw}: every side must be at least 1"
            raise ValueError(msg)
        ratio = min(input_hw[0] / source_hw[0], input_hw[1] / source_hw[1])
        height = min(max(round(source_hw[0] * ratio), 1), input_hw[0])
        width = min(max(round(source_hw[1] * ratio), 1), input_hw[1])
        top = round((input_hw[0] - height) / 2 - 0.1)
        left = round((input_hw[1] - width) / 2 - 0.1)
        return cls(source_hw, input_hw, (height, width), max(top, 0), max(left, 0))

    @property
    def scale_xy(self) -> tuple[float, float]:
        """Input pixels for one source pixel, along x and y; they differ by rounding only."""
        return self.content_hw[1] / self.source_hw[1], self.content_hw[0] / self.source_hw[0]

    def to_input(self, boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) in source pixels, expressed in input pixels.

        >>> box = np.array([[0, 0, 768, 576]], dtype=np.float32)
        >>> Letterbox.fit((576, 768), (416, 416)).to_input(box).tolist()
        [[0.0, 52.0, 416.0, 364.0]]
        """
        scale_x, scale_y = self.scale_xy
        scale = np.array([scale_x, scale_y, scale_x, scale_y], dtype=np.float32)
        shift = np.array([self.left, self.top, self.left, self.top], dtype=np.float32)
        return np.asarray(boxes_xyxy * scale + shift, dtype=np.float32)

    def to_source(self, boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) in input pixels, expressed in source pixels and clipped to the picture.

        >>> box = np.array([[-8, 52, 208, 364]], dtype=np.float32)
        >>> Letterbox.fit((576, 768), (416, 416)).to_source(box).tolist()
        [[0.0, 0.0, 384.0, 576.0]]
        """
        scale_x, scale_y = self.scale_xy
        scale = np.array([scale_x, scale_y, scale_x, scale_y], dtype=np.float32)
        shift = np.array([self.left, self.top, self.left, self.top], dtype=np.float32)
        height, width = self.source_hw
        limit = np.array([width, height, width, height], dtype=np.float32)
        clipped = np.clip((boxes_xyxy - shift) / scale, np.float32(0), limit)
        return np.asarray(clipped, dtype=np.float32)


def letterbox(
    image_hwc: NDArray[np.uint8], input_hw: tuple[int, int]
) -> tuple[NDArray[np.uint8], Letterbox]:
    """A picture (H, W, C) uint8 fitted into `input_hw`, padded with 114, and where it lies.

    Resizing is bilinear, as in the original. The result is a new array.

    >>> image, box = letterbox(np.zeros((576, 768, 3), dtype=np.uint8), (416, 416))
    >>> image.shape, int(image[0, 0, 0]), int(image[52, 0, 0])
    ((416, 416, 3), 114, 0)
    """
    box = Letterbox.fit((image_hwc.shape[0], image_hwc.shape[1]), input_hw)
    out = np.full((*input_hw, image_hwc.shape[2]), PAD_VALUE, dtype=np.uint8)
    height, width = box.content_hw
    content = image_hwc
    if box.content_hw != box.source_hw:
        resized = cv2.resize(image_hwc, (width, height), interpolation=cv2.INTER_LINEAR)
        content = np.asarray(resized, dtype=np.uint8).reshape(height, width, -1)
    out[box.top : box.top + height, box.left : box.left + width] = content
    return out, box
