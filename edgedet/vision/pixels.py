"""From a decoder's planes to RGB inside the network input.

A frame is converted once, straight into its slot of the batch. Colours follow ITU-R BT.601 with limited
range, the only matrix that OpenCV offers.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.frame import Frame, PixelFormat
from edgedet.vision.letterbox import PAD_VALUE, Letterbox

_TO_RGB = {
    PixelFormat.BGR: cv2.COLOR_BGR2RGB,
    PixelFormat.RGBA: cv2.COLOR_RGBA2RGB,
    PixelFormat.GRAY8: cv2.COLOR_GRAY2RGB,
}


def paint_letterboxed(frame: Frame, slot_hwc: NDArray[np.uint8]) -> Letterbox:
    """Write `frame` as letterboxed RGB into `slot_hwc` (H, W, 3), and say where it lies.

    The same arithmetic as `to_rgb` followed by `letterbox`.
    """
    box = Letterbox.fit((frame.info.height, frame.info.width), (slot_hwc.shape[0], slot_hwc.shape[1]))
    bottom, right = box.top + box.content_hw[0], box.left + box.content_hw[1]
    slot_hwc[: box.top] = PAD_VALUE
    slot_hwc[bottom:] = PAD_VALUE
    slot_hwc[box.top : bottom, : box.left] = PAD_VALUE
    slot_hwc[box.top : bottom, right:] = PAD_VALUE
    content = slot_hwc[box.top : bottom, box.left : right]
    rgb = to_rgb(frame)
    if box.content_hw == box.source_hw:
        content[:] = rgb
    else:
        size_wh = (box.content_hw[1], box.content_hw[0])
        cv2.resize(rgb, size_wh, dst=content, interpolation=cv2.INTER_LINEAR)
    return box


def to_rgb(frame: Frame) -> NDArray[np.uint8]:
    """The frame as RGB (H, W, 3) at its own size; a new array unless it is RGB already."""
    if frame.pixel_format is PixelFormat.RGB:
        return frame.planes[0]
    if frame.pixel_format in _TO_RGB:
        return np.asarray(cv2.cvtColor(frame.planes[0], _TO_RGB[frame.pixel_format]), dtype=np.uint8)
    luma, chroma = frame.planes[0], _interleaved_chroma(frame)
    height, width = luma.shape
    if height % 2 or width % 2:  # OpenCV takes even sizes only; repeat the last row and column
        luma = np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")
    rgb = cv2.cvtColorTwoPlane(luma, chroma, cv2.COLOR_YUV2RGB_NV12)
    return np.asarray(rgb, dtype=np.uint8)[:height, :width]


def _interleaved_chroma(frame: Frame) -> NDArray[np.uint8]:
    """The chroma as (ceil(h/2), ceil(w/2), 2)."""
    if frame.pixel_format is PixelFormat.NV12:
        return frame.planes[1]
    return np.asarray(cv2.merge([frame.planes[1], frame.planes[2]]), dtype=np.uint8)
