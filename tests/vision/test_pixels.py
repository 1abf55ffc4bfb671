"""Colour conversion into the network input, for every layout, stride and odd size."""

from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo, PixelFormat
from edgedet.vision.letterbox import PAD_VALUE, Letterbox, letterbox
from edgedet.vision.pixels import paint_letterboxed, to_rgb

U8 = NDArray[np.uint8]
BARS_RGB = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 120, 40)]


def padded(plane: U8, padding: int = 7) -> U8:
    """The same pixels in rows with bytes behind them, as decoders lay them out."""
    shape = (plane.shape[0], plane.shape[1] + padding, *plane.shape[2:])
    memory = np.full(shape, 99, dtype=np.uint8)
    memory[:, : plane.shape[1]] = plane
    view = memory[:, : plane.shape[1]]
    view.flags.writeable = False
    return view


def to_yuv(rgb: U8) -> tuple[U8, U8, U8]:
    """BT.601 limited range; chroma is the mean of up to four pixels. An independent definition."""
    r, g, b = (rgb[..., i].astype(np.float64) for i in range(3))
    y = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255
    u = 128 + (-37.797 * r - 74.203 * g + 112.0 * b) / 255
    v = 128 + (112.0 * r - 93.786 * g - 18.214 * b) / 255

    def halved(plane: NDArray[np.float64]) -> U8:
        height, width = plane.shape
        even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
        quads = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2)
        return np.asarray(np.rint(quads.mean(axis=(1, 3))), dtype=np.uint8)

    return np.rint(y).astype(np.uint8), halved(u), halved(v)


def make_frame(pixel_format: PixelFormat, rgb: U8) -> Frame:
    """`rgb` as a frame of any format, in padded rows."""
    y, u, v = to_yuv(rgb)
    planes: tuple[U8, ...] = {
        PixelFormat.I420: (y, u, v),
        PixelFormat.NV12: (y, np.dstack([u, v])),
        PixelFormat.RGB: (rgb,),
        PixelFormat.BGR: (rgb[..., ::-1],),
        PixelFormat.RGBA: (np.dstack([rgb, np.full(rgb.shape[:2], 7, np.uint8)]),),
        PixelFormat.GRAY8: (rgb[..., 0],),
    }[pixel_format]
    capture = CaptureTime(datetime(2026, 1, 1, tzinfo=timezone.utc), CaptureSource.FILE)
    info = FrameInfo("gate", 0, rgb.shape[1], rgb.shape[0], 0, capture, 0.0)
    return Frame(info, pixel_format, tuple(padded(plane) for plane in planes))


def bars(height: int, width: int) -> U8:
    """Vertical bars of strong colours."""
    picture = np.empty((height, width, 3), dtype=np.uint8)
    for x in range(width):
        picture[:, x] = BARS_RGB[x * len(BARS_RGB) // width]
    return picture


def smooth(height: int, width: int, seed: int = 0) -> U8:
    """A smooth coloured picture, on which the order of resizing and converting hardly matters."""
    small = np.random.default_rng(seed).integers(30, 226, (4, 5, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("pixel_format", list(PixelFormat))
@pytest.mark.parametrize("size_hw", [(96, 128), (95, 127), (96, 121), (91, 128)])
def test_reads_every_format_with_padded_rows_and_odd_sizes(
    pixel_format: PixelFormat, size_hw: tuple[int, int]
) -> None:
    rgb = smooth(*size_hw)
    result = to_rgb(make_frame(pixel_format, rgb))
    expected = np.dstack([rgb[..., 0]] * 3) if pixel_format is PixelFormat.GRAY8 else rgb
    assert result.shape == rgb.shape
    # 8-bit YUV keeps 219 levels, and the chroma of four pixels is one sample
    assert np.abs(result.astype(int) - expected).mean() < 2.5


@pytest.mark.parametrize("pixel_format", list(PixelFormat))
@pytest.mark.parametrize("size_hw", [(480, 640), (481, 643), (200, 160), (233, 171)])
def test_paints_what_converting_first_would_paint(
    pixel_format: PixelFormat, size_hw: tuple[int, int]
) -> None:
    frame = make_frame(pixel_format, smooth(*size_hw))
    slot = np.zeros((416, 416, 3), dtype=np.uint8)
    box = paint_letterboxed(frame, slot)
    expected, expected_box = letterbox(to_rgb(frame), (416, 416))
    difference = np.abs(slot.astype(int) - expected)
    assert box == expected_box
    if pixel_format in {PixelFormat.I420, PixelFormat.NV12}:
        assert difference.mean() < 1.0  # rounding, and chroma between its samples
        assert difference.max() <= 12
    else:
        assert difference.max() == 0


@pytest.mark.parametrize("pixel_format", [PixelFormat.I420, PixelFormat.NV12])
def test_colours_are_bt601_limited_range(pixel_format: PixelFormat) -> None:
    slot = np.zeros((90, 240, 3), dtype=np.uint8)
    box = paint_letterboxed(make_frame(pixel_format, bars(180, 480)), slot)
    assert box.content_hw == (90, 240)
    for index, colour in enumerate(BARS_RGB):
        assert np.abs(slot[45, index * 40 + 20].astype(int) - colour).max() <= 3


def test_full_range_levels_are_not_stretched() -> None:
    frame = make_frame(PixelFormat.NV12, bars(180, 480))
    y, uv = frame.planes[0].astype(float), frame.planes[1].astype(float)
    planes = (np.rint((y - 16) * 255 / 219), np.rint((uv - 128) * 255 / 224 + 128))
    full = Frame(
        frame.info,
        PixelFormat.NV12,
        tuple(np.clip(plane, 0, 255).astype(np.uint8) for plane in planes),
        is_full_range=True,
    )
    slot = np.zeros((90, 240, 3), dtype=np.uint8)
    paint_letterboxed(full, slot)
    rgb = to_rgb(full)
    for index, colour in enumerate(BARS_RGB):
        assert np.abs(slot[45, index * 40 + 20].astype(int) - colour).max() <= 3
        assert np.abs(rgb[90, index * 80 + 40].astype(int) - colour).max() <= 3


def test_same_size_is_converted_without_resizing() -> None:
    frame = make_frame(PixelFormat.I420, bars(64, 96))
    slot = np.zeros((64, 96, 3), dtype=np.uint8)
    paint_letterboxed(frame, slot)
    np.testing.assert_array_equal(slot, to_rgb(frame))


def test_i420_and_nv12_are_the_same_picture() -> None:
    rgb, slots = smooth(333, 517), []
    for pixel_format in (PixelFormat.I420, PixelFormat.NV12):
        slot = np.zeros((416, 416, 3), dtype=np.uint8)
        paint_letterboxed(make_frame(pixel_format, rgb), slot)
        slots.append(slot)
    assert np.abs(slots[0].astype(int) - slots[1]).max() <= 1


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    slot_hw=st.tuples(st.integers(1, 64), st.integers(1, 64)),
    pixel_format=st.sampled_from(list(PixelFormat)),
)
def test_fills_the_whole_slot_and_nothing_else(
    height: int, width: int, slot_hw: tuple[int, int], pixel_format: PixelFormat
) -> None:
    rgb = np.full((height, width, 3), 255, dtype=np.uint8)
    batch = np.full((3, *slot_hw, 3), 7, dtype=np.uint8)
    box = paint_letterboxed(make_frame(pixel_format, rgb), batch[1])
    inside = np.zeros(slot_hw, dtype=bool)
    inside[box.top : box.top + box.content_hw[0], box.left : box.left + box.content_hw[1]] = True
    assert box == Letterbox.fit((height, width), slot_hw)
    assert (batch[1][inside] >= 253).all()
    assert (batch[1][~inside] == PAD_VALUE).all()
    assert (batch[[0, 2]] == 7).all()


@pytest.mark.realdata
def test_street_scene_differs_by_half_a_grey_level(test_data: Path) -> None:
    video = cv2.VideoCapture(str(test_data / "pets09" / "vtest.avi"))
    _, bgr = video.read()
    video.release()
    frame = make_frame(PixelFormat.I420, np.asarray(bgr[..., ::-1], dtype=np.uint8))
    slot = np.zeros((416, 416, 3), dtype=np.uint8)
    box = paint_letterboxed(frame, slot)
    expected, _ = letterbox(to_rgb(frame), (416, 416))
    rows = slice(box.top, box.top + box.content_hw[0])
    difference = np.abs(slot[rows].astype(int) - expected[rows])
    assert difference.mean() < 0.6
    assert np.percentile(difference, 99) <= 6
