"""From a decoder's planes to RGB inside the network input.

A frame is converted once, straight into its slot of the batch. Planes are resized first and
converted at the network's size, which takes 0.4 of the time at 1080p and 0.75 at 768x576
(`bench/pixels.py`). Colours follow ITU-R BT.601, as OpenCV does for the training pictures, with
the levels that the decoder tells.
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


def _yuv_to_rgb(*, is_full_range: bool) -> NDArray[np.float32]:
    """The matrix (3, 4) from (Y, U, V, 1) to RGB.

    Source: ITU-R BT.601-7, sections 2.5.1 (weights) and 2.5.3 (limited range: luma 16…235, chroma
    16…240); JFIF 1.02 for the full range.
    """
    weight_r, weight_g, weight_b = 0.299, 0.587, 0.114
    luma_gain, chroma_gain, black = (1.0, 2.0, 0) if is_full_range else (255 / 219, 255 / 112, 16)
    red_v, blue_u = chroma_gain * (1 - weight_r), chroma_gain * (1 - weight_b)
    green_u, green_v = -blue_u * weight_b / weight_g, -red_v * weight_r / weight_g
    linear = np.array(
        [[luma_gain, 0, red_v], [luma_gain, green_u, green_v], [luma_gain, blue_u, 0]]
    )
    offset = linear @ np.array([[-black], [-128], [-128]])
    matrix = np.hstack([linear, offset]).astype(np.float32)
    matrix.flags.writeable = False
    return matrix


_FROM_LIMITED, _FROM_FULL = (_yuv_to_rgb(is_full_range=full) for full in (False, True))


def paint_letterboxed(frame: Frame, slot_hwc: NDArray[np.uint8]) -> Letterbox:
    """Write `frame` as letterboxed RGB into `slot_hwc` (H, W, 3), and say where it lies.

    I420 and NV12 are resized plane by plane (bilinear), then converted. Against `to_rgb` followed
    by `letterbox` this interpolates colours between chroma samples, where converting first repeats
    each sample in a block of four pixels: on street scenes 0.5 grey levels of difference in the
    mean, more along sharp colour edges only. Where no resizing is needed the two are the same; so
    they are for the other formats.
    """
    target_hw = (slot_hwc.shape[0], slot_hwc.shape[1])
    box = Letterbox.fit((frame.info.height, frame.info.width), target_hw)
    content = _padded(slot_hwc, box)
    if box.content_hw == box.source_hw:
        content[:] = to_rgb(frame)
    else:
        _paint_resized(frame, content)
    return box


def repaint_letterboxed(
    image_hwc: NDArray[np.uint8], box: Letterbox, slot_hwc: NDArray[np.uint8]
) -> None:
    """Paint what lies at `box` in a letterboxed picture into `slot_hwc` (H, W, 3), of another size.

    It lies there where `Letterbox.fit` puts its source.
    """
    target_hw = (slot_hwc.shape[0], slot_hwc.shape[1])
    content = _padded(slot_hwc, Letterbox.fit(box.source_hw, target_hw))
    (height, width), size_wh = box.content_hw, (content.shape[1], content.shape[0])
    before = image_hwc[box.top : box.top + height, box.left : box.left + width]
    cv2.resize(before, size_wh, dst=content, interpolation=cv2.INTER_LINEAR)


def to_rgb(frame: Frame) -> NDArray[np.uint8]:
    """The frame as RGB (H, W, 3) at its own size; a new array unless it is RGB already."""
    if frame.pixel_format is PixelFormat.RGB:
        return frame.planes[0]
    if frame.pixel_format in _TO_RGB:
        rgb = cv2.cvtColor(frame.planes[0], _TO_RGB[frame.pixel_format])
        return np.asarray(rgb, dtype=np.uint8)
    if frame.is_full_range:  # OpenCV's conversions know the limited range only
        full_size = np.empty((*frame.planes[0].shape, 3), dtype=np.uint8)
        _paint_resized(frame, full_size)
        return full_size
    luma, chroma = frame.planes[0], _interleaved_chroma(frame)
    height, width = luma.shape
    if height % 2 or width % 2:  # OpenCV takes even sizes only; repeat the last row and column
        luma = np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")
    rgb = cv2.cvtColorTwoPlane(luma, chroma, cv2.COLOR_YUV2RGB_NV12)
    return np.asarray(rgb, dtype=np.uint8)[:height, :width]


def shrunk_rgb(frame: Frame, max_width: int) -> NDArray[np.uint8]:
    """The frame as RGB (h, w, 3), no wider than `max_width`, its proportions kept."""
    height, width = frame.planes[0].shape[:2]
    if width <= max_width:
        return to_rgb(frame)
    shrunk = np.empty((max(1, round(height * max_width / width)), max_width, 3), dtype=np.uint8)
    _paint_resized(frame, shrunk)
    return shrunk


def _padded(slot_hwc: NDArray[np.uint8], box: Letterbox) -> NDArray[np.uint8]:
    """Paint the padding around `box`; the part of `slot_hwc` that is left for the content."""
    bottom, right = box.top + box.content_hw[0], box.left + box.content_hw[1]
    slot_hwc[: box.top] = PAD_VALUE
    slot_hwc[bottom:] = PAD_VALUE
    slot_hwc[box.top : bottom, : box.left] = PAD_VALUE
    slot_hwc[box.top : bottom, right:] = PAD_VALUE
    return slot_hwc[box.top : bottom, box.left : right]


def _paint_resized(frame: Frame, content: NDArray[np.uint8]) -> None:
    """Resize the planes to `content` (h, w, 3) and convert them into it."""
    size_wh = (content.shape[1], content.shape[0])
    if frame.pixel_format is PixelFormat.RGB:
        cv2.resize(frame.planes[0], size_wh, dst=content, interpolation=cv2.INTER_LINEAR)
        return
    planes = [cv2.resize(p, size_wh, interpolation=cv2.INTER_LINEAR) for p in frame.planes]
    if frame.pixel_format in _TO_RGB:
        cv2.cvtColor(planes[0], _TO_RGB[frame.pixel_format], dst=content)
        return
    if frame.pixel_format is PixelFormat.NV12:  # resized as one, 6 times faster than mixChannels
        planes = [planes[0], *cv2.split(planes[1])]
    matrix = _FROM_FULL if frame.is_full_range else _FROM_LIMITED
    cv2.transform(cv2.merge(planes), matrix, dst=content)


def _interleaved_chroma(frame: Frame) -> NDArray[np.uint8]:
    """The chroma as (ceil(h/2), ceil(w/2), 2)."""
    if frame.pixel_format is PixelFormat.NV12:
        return frame.planes[1]
    return np.asarray(cv2.merge([frame.planes[1], frame.planes[2]]), dtype=np.uint8)
