"""When a picture was taken, how that is known, and how far it may be off. Pure.

A network camera tells its own clock in RTCP sender reports, from a few seconds after the start. It
is believed as long as it is within five seconds of the arrival here. How far it is off is the
smallest distance between its times and the arrivals of the last minute: a slow clock and the way of
the picture look the same, and a fast clock may hide the way. A clock that is set back looks like a
way that has become longer; once all pictures of two seconds are a second later than before, it is
taken for that. A driver's time is off by one frame at most. Without either, the time of arrival
stands in, off by what camera and network take, which nobody here knows.
"""

from collections import deque
from datetime import datetime, timedelta, timezone

from edgedet.frame import CaptureSource, CaptureTime

PLAUSIBLE_S = 5.0
_SLICE_S = 30.0  # the smallest distance is kept for this slice of time and the one before
_SET_BACK_S = 1.0  # no way becomes so much longer and stays so
_SURE_AFTER_S = 2.0
_NTP_EPOCH = datetime(1900, 1, 1, tzinfo=timezone.utc)
_LATEST = timedelta(days=366 * 300)  # what no datetime holds is no time

_DRIVERS = {"v4l2": CaptureSource.V4L2, "csi": CaptureSource.ARGUS}


def ntp_time(ntp_ns: int) -> datetime | None:
    """The moment of nanoseconds since 1900; None if no calendar has it."""
    distance = timedelta(microseconds=ntp_ns / 1000)
    return _NTP_EPOCH + distance if distance < _LATEST else None


class CaptureClock:
    """Gives each picture of one camera its time. For the thread that reads it."""

    def __init__(self, scheme: str) -> None:
        """Know nothing of the camera's clock; `scheme` is its address's."""
        self._driver = _DRIVERS.get(scheme)
        self._slices: deque[tuple[float, float]] = deque(maxlen=2)
        self._later_since_s: float | None = None

    @property
    def offset_ms(self) -> float | None:
        """The camera's clock less ours, as seen at the arrival of pictures; None if not told."""
        if not self._slices:
            return None
        return round(1000.0 * max(offset_s for _, offset_s in self._slices), 1)

    def restart(self) -> None:
        """The camera was opened again: its clock may have been set."""
        self._slices.clear()
        self._later_since_s = None

    def time_of(
        self,
        now: datetime,
        now_s: float,
        *,
        age_s: float | None = None,
        ntp: datetime | None = None,
        frame_s: float = 0.0,
    ) -> CaptureTime:
        """The time of a picture that was handed over just now.

        `age_s` is the time since its data came in, or the driver took it; `ntp` is the camera's own
        word; `frame_s` its duration, 0 where that is not known.
        """
        arrival = now
        has_age = age_s is not None and 0.0 <= age_s <= PLAUSIBLE_S
        if age_s is not None and has_age:
            arrival = now - timedelta(seconds=age_s)
        if ntp is not None:
            offset_s = (ntp - arrival).total_seconds()
            self._note_offset(now_s, offset_s)
            if abs(offset_s) <= PLAUSIBLE_S:
                return CaptureTime(ntp, CaptureSource.RTCP_NTP, abs(self.offset_ms or 0.0))
        elif self._driver is not None and has_age:
            error_ms = round(1000.0 * frame_s, 1) if frame_s > 0.0 else None
            return CaptureTime(arrival, self._driver, error_ms)
        return CaptureTime(arrival, CaptureSource.ARRIVAL)

    def _note_offset(self, now_s: float, offset_s: float) -> None:
        if self._was_set_back(now_s, offset_s):
            self.restart()
        if not self._slices or now_s - self._slices[-1][0] >= _SLICE_S:
            self._slices.append((now_s, offset_s))
        else:
            start_s, largest_s = self._slices[-1]
            self._slices[-1] = (start_s, max(largest_s, offset_s))

    def _was_set_back(self, now_s: float, offset_s: float) -> bool:
        """Whether nothing has come for a while that agrees with what was seen before."""
        largest_s = max((seen_s for _, seen_s in self._slices), default=offset_s)
        if offset_s > largest_s - _SET_BACK_S:
            self._later_since_s = None
            return False
        if self._later_since_s is None:
            self._later_since_s = now_s
        return now_s - self._later_since_s >= _SURE_AFTER_S
