"""How fast old messages may be sent, so that new ones lead."""

from edgedet.clock import Clock

_BURST_S = 0.25


class Pace:
    """So many a second, a quarter of a second's worth at once. For one thread."""

    def __init__(self, per_s: float, clock: Clock) -> None:
        """Begin with a full measure."""
        self._per_s = per_s
        self._clock = clock
        self._most = max(1.0, per_s * _BURST_S)
        self._left = self._most
        self._filled_s = clock.monotonic()

    def has_one(self) -> bool:
        """Whether one more may be sent now."""
        now_s = self._clock.monotonic()
        self._left = min(self._most, self._left + (now_s - self._filled_s) * self._per_s)
        self._filled_s = now_s
        return self._left >= 1.0

    def spend(self) -> None:
        """Count one as sent."""
        self._left -= 1.0
