"""Time as a value: shared limits, and the one form in which it leaves."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.clock import Deadline, SystemClock, utc_text


class SteppedClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s

    def utc_now(self) -> datetime:
        return datetime.now(timezone.utc)


def test_a_deadline_is_shared_by_waits_that_follow_each_other() -> None:
    clock = SteppedClock()
    deadline = Deadline(5.0, clock)
    clock.now_s += 3.0
    assert deadline.remaining_s() == pytest.approx(2.0)
    assert not deadline.is_over()
    clock.now_s += 2.0
    assert deadline.is_over()


def test_no_time_left_is_zero_and_never_less() -> None:
    clock = SteppedClock()
    deadline = Deadline(1.0, clock)
    clock.now_s += 60.0

    assert deadline.remaining_s() == 0.0
    assert Deadline(-1.0, clock).is_over()


def test_the_system_clock_never_steps_back_and_knows_its_zone() -> None:
    clock = SystemClock()
    first, second = clock.monotonic(), clock.monotonic()

    assert second >= first
    assert clock.utc_now().utcoffset() == timedelta(0)
    assert abs(clock.utc_now().timestamp() - time.time()) < 5


def test_other_zones_become_utc() -> None:
    moment = datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))

    assert utc_text(moment) == "2026-02-28T22:30:00.000Z"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="a time without zone cannot be published"):
        utc_text(datetime(2026, 3, 1))  # noqa: DTZ001 - the point


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(timezone.utc)))  # noqa: DTZ001
def test_text_keeps_milliseconds_and_never_rounds_up(moment: datetime) -> None:
    text = utc_text(moment)
    read = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)

    assert len(text) == len("2026-05-04T09:12:33.418Z")
    assert timedelta(0) <= moment - read < timedelta(milliseconds=1)
