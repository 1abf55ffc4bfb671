"""A picture's time is the camera's as long as that is plausible, and says how far it may be off."""

from datetime import datetime, timedelta, timezone

import pytest

from edgedet.frame import CaptureSource
from edgedet.source.capture import CaptureClock, ntp_time

NOW = datetime(2026, 5, 4, 9, 12, 33, 418_000, tzinfo=timezone.utc)
NTP_UNIX_S = 2_208_988_800  # RFC 5905, figure 4: seconds from 1900 to 1970


def ago(milliseconds: float) -> datetime:
    return NOW - timedelta(milliseconds=milliseconds)


def test_ntp_counts_from_1900() -> None:
    assert ntp_time(NTP_UNIX_S * 10**9) == datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert ntp_time(2**64 - 1) is None


def test_the_cameras_own_time_is_taken_with_its_distance_to_the_arrival() -> None:
    clock = CaptureClock("rtsp")
    for late_ms in (180, 120, 250):
        time = clock.time_of(NOW, 0.0, age_s=0.020, ntp=ago(20 + late_ms))
    assert time.source is CaptureSource.RTCP_NTP
    assert time.utc == ago(270)
    assert clock.offset_ms == pytest.approx(-120)  # the quickest picture tells most
    assert time.error_ms == pytest.approx(120)


def test_a_fast_clock_is_seen() -> None:
    clock = CaptureClock("rtsp")
    time = clock.time_of(NOW, 0.0, age_s=0.0, ntp=ago(-700))
    assert time.source is CaptureSource.RTCP_NTP
    assert clock.offset_ms == time.error_ms == pytest.approx(700)


@pytest.mark.parametrize(
    "camera", [ago(5_060), ago(-5_001), datetime(1970, 1, 1, tzinfo=NOW.tzinfo)]
)
def test_an_implausible_clock_is_not_believed_but_told(camera: datetime) -> None:
    clock = CaptureClock("rtsp")
    time = clock.time_of(NOW, 0.0, age_s=0.050, ntp=camera)
    assert (time.source, time.utc, time.error_ms) == (CaptureSource.ARRIVAL, ago(50), None)
    assert clock.offset_ms == pytest.approx((camera - ago(50)).total_seconds() * 1000, abs=0.1)


def test_the_offset_follows_the_last_minute_and_a_new_opening() -> None:
    clock = CaptureClock("rtsp")
    clock.time_of(NOW, 0.0, ntp=ago(10))
    for second in range(1, 100):
        clock.time_of(NOW, float(second), ntp=ago(200))
    assert clock.offset_ms == pytest.approx(-200)
    clock.restart()
    assert clock.offset_ms is None


def test_a_clock_that_is_set_back_is_followed_within_seconds() -> None:
    clock = CaptureClock("rtsp")
    for tenth in range(100):
        clock.time_of(NOW, tenth / 10, ntp=ago(-60_000))
    assert clock.offset_ms == pytest.approx(60_000)

    for tenth in range(100, 122):
        time = clock.time_of(NOW, tenth / 10, ntp=ago(100))

    assert clock.offset_ms == pytest.approx(-100)
    assert time.error_ms == pytest.approx(100)


def test_a_slow_picture_among_quick_ones_is_no_clock_that_was_set() -> None:
    clock = CaptureClock("rtsp")
    for second in range(40):
        clock.time_of(NOW, second / 1.0, ntp=ago(3_000 if second % 2 else 100))
    assert clock.offset_ms == pytest.approx(-100)


def test_without_a_report_the_arrival_stands_in() -> None:
    time = CaptureClock("rtsp").time_of(NOW, 0.0, age_s=0.030)
    assert (time.source, time.utc, time.error_ms) == (CaptureSource.ARRIVAL, ago(30), None)


@pytest.mark.parametrize("age_s", [None, -0.5, 60.0])
def test_an_age_that_makes_no_sense_is_not_used(age_s: float | None) -> None:
    assert CaptureClock("v4l2").time_of(NOW, 0.0, age_s=age_s).utc == NOW


def test_a_driver_is_off_by_a_frame_at_most() -> None:
    time = CaptureClock("v4l2").time_of(NOW, 0.0, age_s=0.040, frame_s=1 / 30)
    assert (time.source, time.utc) == (CaptureSource.V4L2, ago(40))
    assert time.error_ms == pytest.approx(33.3)
    argus = CaptureClock("csi").time_of(NOW, 0.0, age_s=0.040)
    assert (argus.source, argus.error_ms) == (CaptureSource.ARGUS, None)
