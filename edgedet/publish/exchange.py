"""What is said and heard over the broker besides states and results: commands, replies, discovery.

Between whoever has something to say or wants to hear, and the one thread that talks to the broker.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from edgedet.publish.broker import Incoming, Message, Protocol
from edgedet.publish.payloads import JsonObject

Listener = Callable[[Incoming], None]
"""Told of a message on the broker's thread: it must not wait."""
Birth = Callable[[Protocol], Sequence[Message]]
"""What to say at the begin of each connection; on the broker's thread."""

_CAPACITY = 64
_MAX_SENDS = 3


def _nothing() -> None:
    """The bell of an exchange that nobody serves yet."""


class Exchange:
    """Posts on their way out, listeners for what comes in. `listen` before the start, else any."""

    def __init__(self, ring: Callable[[], None] = _nothing, capacity: int = _CAPACITY) -> None:
        """Hold `capacity` posts while the broker is away; `ring` wakes the broker's thread."""
        self._ring = ring
        self._capacity = capacity
        self._listeners: dict[str, Listener] = {}
        self._births: list[Birth] = []
        self._figures: dict[str, Callable[[], JsonObject]] = {}
        self._facts: dict[str, Callable[[], JsonObject]] = {}
        self._lock = threading.Lock()  # guards everything below
        self._posts: deque[Message] = deque()
        self._dropped = 0
        self._must_be_reborn = False

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topics to subscribe to, a level of `+` at the end of some."""
        return tuple(self._listeners)

    @property
    def dropped(self) -> int:
        """Posts that were lost: for lack of room, for their size, or as connections end by them."""
        return self._dropped

    def listen(self, topic_filter: str, listener: Listener) -> None:
        """Hear what is published on a topic, or with `/+` at the end on all just below it."""
        self._listeners[topic_filter] = listener

    def at_birth(self, birth: Birth) -> None:
        """Say more at the begin of each connection, after the device's own birth."""
        self._births.append(birth)

    def births(self, protocol: Protocol) -> list[Message]:
        """What is to be said besides, now that a connection begins."""
        return [message for birth in self._births for message in birth(protocol)]

    def count(self, name: str, figures: Callable[[], JsonObject]) -> None:
        """Tell `figures` as `name` among the metrics."""
        self._figures[name] = figures

    def describe(self, name: str, facts: Callable[[], JsonObject]) -> None:
        """Tell `facts` as `name` on info; whoever changes them asks for a rebirth."""
        self._facts[name] = facts

    def facts(self) -> JsonObject:
        """What is to be told on info besides."""
        return {name: facts() for name, facts in self._facts.items()}

    def figures(self) -> JsonObject:
        """What is to be told among the metrics."""
        return {name: figures() for name, figures in self._figures.items()}

    def deliver(self, incoming: Incoming) -> bool:
        """Tell whoever listens; whether somebody does."""
        parent = incoming.topic.rpartition("/")[0]
        listener = self._listeners.get(incoming.topic) or self._listeners.get(f"{parent}/+")
        if listener is not None:
            listener(incoming)
        return listener is not None

    def post(self, message: Message) -> None:
        """Say `message` soon, once there is a connection; without room the oldest is dropped."""
        with self._lock:
            if len(self._posts) >= self._capacity:
                self._posts.popleft()
                self._dropped += 1
            self._posts.append(message)
        self._ring()

    def take(self) -> Message | None:
        """The oldest post, for whoever sends it."""
        with self._lock:
            return self._posts.popleft() if self._posts else None

    def give_back(self, messages: Iterable[Message]) -> None:
        """Put back what was taken, oldest first, and not acknowledged.

        A post that was under way at the end of so many connections may be why they ended: a broker
        hangs up on whoever writes to a topic that it does not want. It is dropped.
        """
        with self._lock:
            for message in reversed(list(messages)):
                if message.losses + 1 < _MAX_SENDS:
                    self._posts.appendleft(replace(message, losses=message.losses + 1))
                else:
                    self._dropped += 1

    def count_dropped(self) -> None:
        """Count a post that was taken and could not be sent."""
        with self._lock:
            self._dropped += 1

    def ask_for_rebirth(self) -> None:
        """Have everything that is told at a birth told again."""
        with self._lock:
            self._must_be_reborn = True
        self._ring()

    def take_rebirth(self) -> bool:
        """Whether somebody asked for it since the last time."""
        with self._lock:
            is_asked, self._must_be_reborn = self._must_be_reborn, False
            return is_asked
