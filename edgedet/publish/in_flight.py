"""Messages between the moment they are sent and the broker's answer."""

from collections import deque
from collections.abc import Callable

from edgedet.clock import Clock

Token = object
Settled = Callable[[Token, bool], None]
"""Told of each message once: its token, and whether it was handed over (else: refused)."""

WINDOW = 20


class InFlight:
    """Keeps the order in which messages were sent. For one thread."""

    def __init__(self, clock: Clock, settled: Settled) -> None:
        """Report to `settled`, never from within a callback of the client library."""
        self._clock = clock
        self._settled = settled
        self._sent: dict[int, tuple[Token, float]] = {}
        self._answers: deque[tuple[int, bool]] = deque()

    def __len__(self) -> int:
        """Messages without an answer."""
        return len(self._sent)

    @property
    def tokens(self) -> list[Token]:
        """The messages without an answer, oldest first."""
        return [token for token, _ in self._sent.values()]

    @property
    def oldest_s(self) -> float:
        """How long the oldest has been without an answer."""
        if not self._sent:
            return 0.0
        return self._clock.monotonic() - next(iter(self._sent.values()))[1]

    def answer(self, packet_id: int, *, is_accepted: bool) -> None:
        """Note the broker's answer; may come before `add`, as at QoS 0 it does."""
        self._answers.append((packet_id, is_accepted))

    def add(self, packet_id: int, token: Token) -> None:
        """Note that a message was sent."""
        self._sent[packet_id] = (token, self._clock.monotonic())

    def settle(self) -> None:
        """Report what was answered since."""
        while self._answers:
            packet_id, is_accepted = self._answers.popleft()
            if packet_id in self._sent:
                token, _ = self._sent.pop(packet_id)
                self._settled(token, is_accepted)
