"""Whether work that waits is being done: what no single thread can say of itself."""

from edgedet.clock import Clock


class Progress:
    """Watches a count of things done beside a count of things waiting. For one thread."""

    def __init__(self, clock: Clock) -> None:
        """Begin as having just got on."""
        self._clock = clock
        self._done = 0
        self._moved_s = clock.monotonic()

    def idle_s(self, *, done: int, waiting: int) -> float:
        """Seconds in which nothing was done though something waited the whole time."""
        now_s = self._clock.monotonic()
        if done != self._done or not waiting:
            self._done = done
            self._moved_s = now_s
        return now_s - self._moved_s
