"""What the broker takes no message of: counted, and whether it is so now."""

from edgedet.clock import Clock

_RECENT_S = 60.0  # states are told more often than that: who may write again is known by then


class Refusals:
    """Messages that a broker answered with a refusal, as MQTT 5 does at QoS 1. One thread notes.

    Most often an access list that does not let this client write to its topics.
    """

    def __init__(self, clock: Clock) -> None:
        """None so far."""
        self._clock = clock
        self._last_s: float | None = None
        self.count = 0

    def note(self) -> None:
        """One more."""
        self.count += 1
        self._last_s = self._clock.monotonic()

    @property
    def is_recent(self) -> bool:
        """Whether one was refused within the last minute."""
        return self._last_s is not None and self._clock.monotonic() - self._last_s <= _RECENT_S
