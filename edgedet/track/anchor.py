"""The point that stands for a box when places ask where an object is."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgedet.frame import FrameInfo

Anchor = Literal["bottom", "centre"]


def normalized(boxes_xyxy: NDArray[np.float32], frame: FrameInfo) -> NDArray[np.float64]:
    """Boxes (N, 4) in pixels as parts of the frame's width and height."""
    scale = np.array((frame.width, frame.height, frame.width, frame.height), np.float64)
    return np.asarray(boxes_xyxy / scale)


def anchors_of(boxes_xyxy: NDArray[np.float64], anchor: Anchor) -> NDArray[np.float64]:
    """The anchor points (N, 2) of boxes (N, 4): the middle of the lower edge, or of the box.

    >>> anchors_of(np.array([[0.2, 0.1, 0.4, 0.5]]), "bottom").round(6).tolist()
    [[0.3, 0.5]]
    """
    x = (boxes_xyxy[:, 0] + boxes_xyxy[:, 2]) / 2
    y = boxes_xyxy[:, 3] if anchor == "bottom" else (boxes_xyxy[:, 1] + boxes_xyxy[:, 3]) / 2
    return np.stack([x, y], axis=1)
