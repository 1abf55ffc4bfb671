"""How busy the backend is, to know whether a fuller batch is worth a wait."""

import threading

from edgedet.clock import Clock

_SMOOTHING = 0.2  # weight of the latest run in the average: about the last ten runs count


class BusyShare:
    """The share of time in which at least one batch was inside, smoothed. For any thread."""

    def __init__(self, clock: Clock) -> None:
        """Begin idle."""
        self._clock = clock
        self._lock = threading.Lock()  # guards everything below
        self._inside = 0
        self._busy_since_s = self._idle_since_s = clock.monotonic()
        self._share = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether a batch is inside now."""
        with self._lock:
            return self._inside > 0

    @property
    def share(self) -> float:
        """The smoothed share, 0 to 1, as of the last batch that came back."""
        with self._lock:
            return self._share

    def enter(self) -> None:
        """A batch goes in."""
        now_s = self._clock.monotonic()
        with self._lock:
            if self._inside == 0:
                self._busy_since_s = now_s
            self._inside += 1

    def leave(self) -> None:
        """A batch came back."""
        now_s = self._clock.monotonic()
        with self._lock:
            self._inside -= 1
            busy_s = now_s - self._busy_since_s
            idle_s = self._busy_since_s - self._idle_since_s
            if busy_s + idle_s > 0.0:
                self._share += _SMOOTHING * (busy_s / (busy_s + idle_s) - self._share)
            self._busy_since_s = self._idle_since_s = now_s
