"""A source that is held back on purpose: it is read, but nothing of it is detected."""

import threading
from dataclasses import replace
from datetime import datetime

from edgedet.clock import Clock
from edgedet.event import SourceState, SourceStatus


class Pause:
    """Whether one source is paused, since when and why. For any thread."""

    def __init__(self, clock: Clock) -> None:
        """Begin running."""
        self._clock = clock
        self._runs = threading.Event()
        self._runs.set()
        self._lock = threading.Lock()  # guards the two below
        self._reason = ""
        self._since: datetime | None = None

    @property
    def is_on(self) -> bool:
        """Whether the source is paused."""
        return not self._runs.is_set()

    def begin(self, reason: str) -> bool:
        """Pause; whether it ran before."""
        with self._lock:
            if self.is_on:
                return False
            self._reason, self._since = reason, self._clock.utc_now()
            self._runs.clear()
            return True

    def end(self) -> bool:
        """Run again; whether it was paused."""
        with self._lock:
            was_on = self.is_on
            self._runs.set()
            return was_on

    def wait_until_over(self, timeout_s: float) -> bool:
        """Wait until the source runs; whether it does."""
        return self._runs.wait(timeout_s)

    def over(self, status: SourceStatus) -> SourceStatus:
        """`status` as it is told: a paused source is disabled, whatever its camera does besides."""
        with self._lock:
            if not self.is_on or self._since is None or status.state is SourceState.ENDED:
                return status
            reason, since = self._reason, self._since
        if status.state is not SourceState.LIVE:
            reason = f"{reason}; the source itself is {status.state.value}: {status.reason}"
        return replace(status, state=SourceState.DISABLED, since=since, reason=reason)
