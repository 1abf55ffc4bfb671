"""The time between frames is the scene's."""

from datetime import datetime, timedelta, timezone

import pytest

from edgedet.frame import CaptureSource, CaptureTime, FrameInfo
from edgedet.track.timebase import Timebase

START = datetime(2026, 5, 4, 9, tzinfo=timezone.utc)


def _frame(pts_s: float | None, arrival_s: float, captured_s: float = 0.0) -> FrameInfo:
    pts_ns = None if pts_s is None else round(pts_s * 1e9)
    capture = CaptureTime(START + timedelta(seconds=captured_s), CaptureSource.FILE)
    return FrameInfo("gate", 0, 64, 48, pts_ns, capture, arrival_s)


@pytest.mark.parametrize(
    ("first", "second", "span_s"),
    [
        (_frame(1.0, 50.0), _frame(1.04, 50.2), 0.04),  # late, and no slower for that
        (_frame(9000.0, 50.0), _frame(0.0, 53.0), 3.0),  # a stream that began anew
        (_frame(1.0, 50.0), _frame(900.0, 50.1), 0.1),  # a camera that counts wildly
        (_frame(None, 50.0), _frame(None, 50.1), 0.1),
        (_frame(1.0, 50.0), _frame(1.0, 50.0), 0.001),
    ],
)
def test_a_camera_is_believed_as_long_as_its_frames_arrive_so(
    first: FrameInfo, second: FrameInfo, span_s: float
) -> None:
    timebase = Timebase(is_lossless=False)

    assert timebase.span_s(first) == 0.0
    assert timebase.span_s(second) == pytest.approx(span_s)


@pytest.mark.parametrize(
    ("first", "second", "span_s"),
    [
        (_frame(1.0, 50.0), _frame(1.1, 50.001), 0.1),  # faster than real time
        (_frame(1.0, 50.0), _frame(1.1, 250.0), 0.1),  # held up by a full outbox
        (_frame(None, 50.0, 3.0), _frame(None, 50.1, 5.5), 2.5),
        (_frame(4.0, 50.0, 3.0), _frame(1.0, 50.1, 3.0), 0.001),
    ],
)
def test_a_file_has_its_own_time(first: FrameInfo, second: FrameInfo, span_s: float) -> None:
    timebase = Timebase(is_lossless=True)

    assert timebase.span_s(first) == 0.0
    assert timebase.span_s(second) == pytest.approx(span_s)
