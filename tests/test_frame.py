"""A frame checks its planes once, and gives its memory back when told."""

from datetime import datetime, timezone

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo, PixelFormat

HEIGHT, WIDTH = 5, 7  # odd: chroma planes are rounded up
HALF = (3, 4)
SHAPES: dict[PixelFormat, list[tuple[int, ...]]] = {
    PixelFormat.I420: [(HEIGHT, WIDTH), HALF, HALF],
    PixelFormat.NV12: [(HEIGHT, WIDTH), (*HALF, 2)],
    PixelFormat.RGB: [(HEIGHT, WIDTH, 3)],
    PixelFormat.BGR: [(HEIGHT, WIDTH, 3)],
    PixelFormat.RGBA: [(HEIGHT, WIDTH, 4)],
    PixelFormat.GRAY8: [(HEIGHT, WIDTH)],
}


def info() -> FrameInfo:
    capture = CaptureTime(datetime(2026, 3, 1, tzinfo=timezone.utc), CaptureSource.FILE)
    return FrameInfo("gate", 0, WIDTH, HEIGHT, 0, capture, 0.0)


def planes(shapes: list[tuple[int, ...]]) -> tuple[NDArray[np.uint8], ...]:
    return tuple(np.zeros(shape, dtype=np.uint8) for shape in shapes)


@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_planes_of_every_format_are_taken_as_they_are(pixel_format: PixelFormat) -> None:
    given = planes(SHAPES[pixel_format])
    frame = Frame(info(), pixel_format, given)

    assert all(mine is theirs for mine, theirs in zip(frame.planes, given, strict=True))


@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_another_number_of_planes_is_refused(pixel_format: PixelFormat) -> None:
    given = planes([*SHAPES[pixel_format], (1, 1)])
    expected = rf"{pixel_format.value} has {len(given) - 1} planes, got {len(given)}"

    with pytest.raises(ValueError, match=expected):
        Frame(info(), pixel_format, given)


def test_another_size_is_refused_and_told_height_first() -> None:
    with pytest.raises(ValueError, match=r"\(7, 5\), expected \(height, width\) = \(5, 7\)"):
        Frame(info(), PixelFormat.GRAY8, planes([(WIDTH, HEIGHT)]))


def test_closing_gives_the_memory_back() -> None:
    released: list[bool] = []
    frame = Frame(
        info(), PixelFormat.GRAY8, planes([(HEIGHT, WIDTH)]), lambda: released.append(True)
    )
    assert released == []
    frame.close()
    assert released == [True]


def test_a_copy_has_memory_of_its_own() -> None:
    frame = Frame(info(), PixelFormat.GRAY8, planes([(HEIGHT, WIDTH)]), is_full_range=True)
    copy = frame.copy()
    before = copy.planes[0].copy()
    frame.planes[0][:] += 1
    assert (copy.planes[0] == before).all()
    assert (copy.info, copy.pixel_format, copy.is_full_range) == (
        frame.info,
        PixelFormat.GRAY8,
        True,
    )


def test_a_frame_that_owns_its_memory_may_be_closed_twice() -> None:
    frame = Frame(info(), PixelFormat.GRAY8, planes([(HEIGHT, WIDTH)]))
    frame.close()
    frame.close()


def test_a_capture_time_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="capture time needs a zone"):
        CaptureTime(datetime(2026, 3, 1), CaptureSource.ARRIVAL)  # noqa: DTZ001 - the point
