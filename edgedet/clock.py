"""Time as a value that tests can replace: monotonic for durations, UTC for the outside world."""

import time
from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """Where all code of edgedet takes the time from."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never steps."""
        ...

    def utc_now(self) -> datetime:
        """The wall clock, with zone UTC; may step."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never steps."""
        return time.monotonic()

    def utc_now(self) -> datetime:
        """The wall clock, with zone UTC; may step."""
        return datetime.now(timezone.utc)


class Deadline:
    """One time limit that several waits share."""

    __slots__ = ("_clock", "_end_s")

    def __init__(self, timeout_s: float, clock: Clock) -> None:
        """Start counting `timeout_s` seconds now."""
        self._clock = clock
        self._end_s = clock.monotonic() + timeout_s

    def remaining_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end_s - self._clock.monotonic())

    def is_over(self) -> bool:
        """Whether no time is left."""
        return self.remaining_s() <= 0.0


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, the only form that leaves edgedet.

    Raises:
        ValueError: if `moment` has no zone.

    >>> utc_text(datetime(2026, 5, 4, 9, 12, 33, 418_900, tzinfo=timezone.utc))
    '2026-05-04T09:12:33.418Z'
    """
    if moment.tzinfo is None:
        msg = f"a time without zone cannot be published: {moment!r}"
        raise ValueError(msg)
    moment = moment.astimezone(timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
