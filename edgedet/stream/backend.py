"""What the backend is doing, as far as those who fill its batches need to know."""

import threading

from edgedet.clock import Clock
from edgedet.stream.cost import BatchCost

_SMOOTHING = 0.2  # weight of the latest run in the average: about the last ten runs count


class BackendWatch:
    """Whether the backend waits, when it will be free, and how busy it was. For any thread."""

    def __init__(self, cost: BatchCost, clock: Clock) -> None:
        """Begin with a backend that does not exist yet: it neither waits nor runs."""
        self._cost = cost
        self._clock = clock
        self._lock = threading.Lock()  # guards everything below
        self._is_waiting = False
        self._running = 0  # pictures inside; 0: none
        self._busy_since_s = self._idle_since_s = clock.monotonic()
        self._share = 0.0
        self._has_run = False

    @property
    def has_run(self) -> bool:
        """Whether it has begun with any batch."""
        return self._has_run

    @property
    def is_waiting(self) -> bool:
        """Whether it would take a batch at once."""
        with self._lock:
            return self._is_waiting and not self._running

    @property
    def share(self) -> float:
        """The smoothed share of the time in which it ran, 0 to 1, as of its latest answer."""
        with self._lock:
            return self._share

    def free_in_s(self) -> float:
        """Seconds until it can take a batch: 0 now, or overdue; infinite if nobody knows."""
        with self._lock:
            if not self._running:
                return 0.0 if self._is_waiting else float("inf")
            if not self._cost.is_known:
                return float("inf")
            end_s = self._busy_since_s + self._cost.usual_s(self._running)
        return max(0.0, end_s - self._clock.monotonic())

    def asks(self) -> None:
        """It waits for a batch from now on."""
        with self._lock:
            self._is_waiting = True

    def is_offered(self) -> None:
        """It was given a batch, though it may not have noticed yet."""
        with self._lock:
            self._is_waiting = False

    def starts(self, size: int) -> None:
        """It begins with a batch of so many pictures."""
        with self._lock:
            self._is_waiting = False
            self._running = size
            self._has_run = True
            self._busy_since_s = self._clock.monotonic()

    def ends(self) -> None:
        """It has answered, and may have other things to do before it asks again."""
        now_s = self._clock.monotonic()
        with self._lock:
            self._running = 0
            busy_s = now_s - self._busy_since_s
            idle_s = self._busy_since_s - self._idle_since_s
            if busy_s + idle_s > 0.0:
                self._share += _SMOOTHING * (busy_s / (busy_s + idle_s) - self._share)
            self._idle_since_s = now_s
