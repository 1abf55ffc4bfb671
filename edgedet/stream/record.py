"""How one source is doing: written by its feeder, read by whoever reports."""

import threading
from collections.abc import Callable
from datetime import datetime

from edgedet.clock import Clock
from edgedet.event import SourceLimit, SourceState, SourceStatus
from edgedet.frame import FrameInfo
from edgedet.log import redact
from edgedet.source.base import SourceCondition
from edgedet.stream.pause import Pause
from edgedet.stream.stats import RateMeter


def _nobody(_status: SourceStatus) -> None:
    """Hears of a source that was removed."""


class SourceRecord:
    """State and counts of a source, safe to ask from any thread."""

    def __init__(
        self,
        source_id: str,
        clock: Clock,
        *,
        on_change: Callable[[SourceStatus], object],
        dropped: Callable[[], int],
        fps_inferred: Callable[[], float],
    ) -> None:
        """Begin as not connected. `dropped` and `fps_inferred` are asked for each status."""
        self.source_id = source_id
        self.clock = clock
        self._pause = Pause(clock)
        self._on_change = on_change
        self._dropped_later = dropped
        self._fps_inferred = fps_inferred
        self._rate = RateMeter()
        self._lock = threading.Lock()  # guards everything below
        self._state = SourceState.RECONNECTING
        self._reason = "not opened yet"
        self._since = clock.utc_now()
        self._last_frame: datetime | None = None
        self._last_seq = -1
        self._decoded = 0
        self._dropped_before = 0
        self._reconnects = 0
        self._limit: SourceLimit | None = None
        self._condition = SourceCondition()
        self._told_reason = ""

    @property
    def decoded(self) -> int:
        """Frames decoded so far, those dropped before we saw them included."""
        return self._decoded

    def is_news(self, state: SourceState, reason: str) -> bool:
        """Whether `change` would tell something; cheap enough to be asked for every frame."""
        return state is not self._state or reason != self._told_reason

    @property
    def next_seq(self) -> int:
        """The number behind the last frame that was seen."""
        return self._last_seq + 1

    def number_from(self, first_seq: int) -> None:
        """Begin with this number, as there were frames before in this run of the service."""
        self._last_seq = first_seq - 1

    def change(self, state: SourceState, reason: str = "") -> bool:
        """Enter `state`; whether that is news. Credentials in `reason` are hidden."""
        self._told_reason, reason = reason, redact(reason)
        with self._lock:
            if (state, reason) == (self._state, self._reason):
                return False
            if state is not self._state:
                self._since = self.clock.utc_now()
            self._state, self._reason = state, reason
        self._on_change(self.status())
        return True

    def silence(self) -> None:
        """Tell nothing any more: the source was removed."""
        self._on_change = _nobody

    @property
    def is_paused(self) -> bool:
        """Whether nothing of the source is to be detected now."""
        return self._pause.is_on

    def pause(self, reason: str) -> bool:
        """Hold the source back; whether that is news."""
        return self._told(is_news=self._pause.begin(reason))

    def resume(self) -> bool:
        """Let the source run again; whether it was paused."""
        return self._told(is_news=self._pause.end())

    def wait_until_resumed(self, timeout_s: float) -> bool:
        """Wait while the source is paused; whether it runs."""
        return self._pause.wait_until_over(timeout_s)

    def count_frame(self, frame: FrameInfo) -> None:
        """Count a decoded frame, and those that its number says were lost before it."""
        with self._lock:
            missed = max(0, frame.seq - self._last_seq - 1)
            self._last_seq = frame.seq
            self._decoded += 1 + missed
            self._dropped_before += missed
            self._last_frame = self.clock.utc_now()
        self._rate.add(frame.arrival_s, 1 + missed)

    def leave_out(self) -> None:
        """Count a decoded frame that goes no further."""
        with self._lock:
            self._dropped_before += 1

    def count_reconnect(self) -> None:
        """Count an attempt to open the source again."""
        with self._lock:
            self._reconnects += 1

    def set_condition(self, condition: SourceCondition) -> None:
        """Keep what the source says of itself."""
        with self._lock:
            self._condition = condition

    def set_limit(self, limit: SourceLimit | None) -> None:
        """Tell how much of what the source asks for the detector can do; None: all."""
        with self._lock:
            self._limit = limit
        self._on_change(self.status())

    def status(self) -> SourceStatus:
        """The state and the counts as they are now; a pause hides the state behind it."""
        return self._pause.over(self._own_status())

    def _told(self, *, is_news: bool) -> bool:
        if is_news:
            self._on_change(self.status())
        return is_news

    def _own_status(self) -> SourceStatus:
        fps_in = self._rate.rate(self.clock.monotonic())
        dropped_later, fps_inferred = self._dropped_later(), self._fps_inferred()
        with self._lock:
            state, reason, limit = self._state, self._reason, self._limit
            if state is SourceState.LIVE and limit is not None and limit.fps <= 0.0:
                state, reason = SourceState.DEGRADED, limit.reason
            return SourceStatus(
                source_id=self.source_id,
                state=state,
                since=self._since,
                last_frame=self._last_frame,
                fps_in=round(fps_in, 2),
                fps_inferred=round(fps_inferred, 2),
                dropped=self._dropped_before + dropped_later,
                reconnects=self._reconnects,
                reason=reason,
                clock_offset_ms=self._condition.clock_offset_ms,
                decoder=self._condition.decoder,
                quarantined=self._condition.quarantined,
                abandoned=self._condition.abandoned,
                limit=limit,
            )
