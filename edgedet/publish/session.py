"""What is said over one connection: birth, heartbeat, states, results, and good-bye."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edgedet.clock import Clock, Deadline
from edgedet.log import RateLimited
from edgedet.publish.broker import LostError, Message
from edgedet.publish.connection import Connection
from edgedet.publish.delivery import Delivery
from edgedet.publish.exchange import Exchange
from edgedet.publish.messages import Messages
from edgedet.publish.payloads import JsonObject
from edgedet.publish.spool.durable import Stored
from edgedet.publish.status_board import State, StatusBoard

_RESULTS_A_TURN = 64
_PACKET_OVERHEAD_BYTES = 560  # topic, id and the rest, at their longest
_SILENT_KEEPALIVES = 2
_TICK_S = 0.05
_OLD_HEARTBEATS = 1.5  # told again at the next one, before the broker forgets it after three


@dataclass(frozen=True, slots=True)
class Script:
    """What stays the same from one connection to the next."""

    messages: Messages
    delivery: Delivery
    board: StatusBoard
    exchange: Exchange
    trouble: RateLimited
    clock: Clock
    figures: Callable[[], JsonObject]
    keepalive_s: int


class Session:
    """Speaks over an open connection until the good-bye or a LostError. For one thread."""

    def __init__(self, script: Script, connection: Connection, number: int) -> None:
        """Begin connection `number` of this boot."""
        self._script = script
        self._connection = connection
        self._number = number
        self._since = script.clock.utc_now()
        self._states: deque[tuple[Message, State | None]] = deque()
        self._next_beat_s = float("-inf")
        self._max_payload_bytes = _payload_limit(
            script.messages.limits.max_payload_bytes, connection.max_packet_bytes
        )

    def begin(self) -> None:
        """Say who we are, and ask for what we want to hear.

        Raises:
            LostError: the connection has ended.
        """
        self._script.delivery.went_online()
        self._say_birth()
        self._connection.subscribe(self._script.exchange.subscriptions)

    def turn(self, timeout_s: float, wake_fd: int) -> None:
        """Send what is due, and serve the network until there is more to do, at most `timeout_s`.

        Raises:
            LostError: the connection has ended; `give_back` returns what was under way.
        """
        self._queue_states()
        sent = self._send_waiting()
        now_s = self._script.clock.monotonic()
        wait_s = min(timeout_s, max(0.0, self._next_beat_s - now_s))
        self._connection.poll(0.0 if sent == _RESULTS_A_TURN else wait_s, wake_fd)
        while self._connection.incoming:
            self._script.exchange.deliver(self._connection.incoming.popleft())
        if self._connection.in_flight.oldest_s > _SILENT_KEEPALIVES * self._script.keepalive_s:
            self._connection.abandon()
            msg = "connection ended: the broker acknowledges nothing any more"
            raise LostError(msg)

    def say_goodbye(self, timeout_s: float) -> None:
        """Tell the last states and `stopped`, wait for the acknowledgement, and disconnect.

        Raises:
            LostError: the connection ended before; the broker will publish the will.
        """
        deadline = Deadline(timeout_s, self._script.clock)
        self._send_the_last(Deadline(timeout_s / 2, self._script.clock))
        self._say_untold()
        self._say(self._script.messages.stopped(self._number))
        while not deadline.is_over():
            self._send_states()
            self._send_posts()
            if not self._states and not self._connection.in_flight:
                break
            self._connection.poll(deadline.remaining_s())
        self._connection.close()

    def _send_the_last(self, deadline: Deadline) -> None:
        """Send what is new and durable, such as the ends of tracks that the stop brought about."""
        delivery = self._script.delivery
        while not delivery.is_quiet and not deadline.is_over():
            self._send_states()
            while self._connection.has_room and self._send_one(may_be_late=False):
                pass
            self._connection.poll(min(_TICK_S, deadline.remaining_s()))

    def give_back(self) -> None:
        """Take back what is under way: the next connection sends it again."""
        tokens = self._connection.in_flight.tokens
        self._script.delivery.went_offline(tokens)
        self._script.exchange.give_back([token for token in tokens if isinstance(token, Message)])
        self._script.board.tell_all()

    def _say_birth(self) -> None:
        self._say(self._script.messages.online(self._since, self._number))
        self._say(self._script.messages.info(self._script.exchange.facts()))
        for message in self._script.exchange.births(self._connection.protocol):
            self._say(message)

    def _say(self, message: Message, state: State | None = None) -> None:
        self._states.append((message, state))

    def _say_untold(self) -> None:
        for state in self._script.board.take_untold():
            if self._script.messages.is_stale(state):
                self._script.board.told(state)
            else:
                self._say(self._script.messages.state(state), state)

    def _queue_states(self) -> None:
        script = self._script
        now_s = script.clock.monotonic()
        if script.exchange.take_rebirth():
            self._say_birth()
            script.board.tell_all()
        if now_s >= self._next_beat_s:
            if self._next_beat_s != float("-inf"):
                self._say(script.messages.online(self._since, self._number))
            self._next_beat_s = now_s + script.messages.limits.heartbeat_s
            # sources that are watched tell their state at each heartbeat themselves
            script.board.tell_old(_OLD_HEARTBEATS * script.messages.limits.heartbeat_s)
            if not script.delivery.keeps_metrics:
                self._say(script.messages.metrics(script.figures()))
        self._say_untold()

    def _send_states(self) -> None:
        while self._states and self._connection.has_room:
            message, state = self._states.popleft()
            if self._fits(message):
                self._connection.send(message, state)
            elif state is not None:
                self._script.board.told(state)  # as well as it can be

    def _send_posts(self) -> None:
        # one that was under way when a connection ended goes alone: no other shares its fate
        while not self._states and self._connection.has_room and not self._is_suspect_under_way():
            post = self._script.exchange.take()
            if post is None:
                return
            if self._fits(post):
                self._connection.send(post, post)
            else:
                self._script.exchange.count_dropped()

    def _is_suspect_under_way(self) -> bool:
        tokens = self._connection.in_flight.tokens
        return any(isinstance(token, Message) and token.losses > 0 for token in tokens)

    def _send_waiting(self) -> int:
        """Send states and posts, then results and events; how many of the latter."""
        self._send_states()
        self._send_posts()
        for sent in range(_RESULTS_A_TURN):
            if self._states or not self._connection.has_room:
                return sent
            may_be_late = len(self._connection.in_flight) <= self._connection.window // 2
            if not self._send_one(may_be_late=may_be_late):
                return sent
        return _RESULTS_A_TURN

    def _send_one(self, *, may_be_late: bool) -> bool:
        """Send what waits longest, if anything does."""
        delivery = self._script.delivery
        token = delivery.take(may_be_late=may_be_late)
        if token is None:
            return False
        if isinstance(token, Stored):
            message = self._script.messages.stored(token, self._max_payload_bytes)
        else:
            message = self._script.messages.entry(token, self._max_payload_bytes)
        if self._fits(message):
            self._connection.send(message, token)
        else:
            delivery.settle(token, is_accepted=False)
        return True

    def _fits(self, message: Message) -> bool:
        """Whether the broker takes so much; told if not, for it would hang up on us."""
        own_bytes = self._script.messages.limits.max_payload_bytes
        most_bytes = _payload_limit(
            own_bytes, self._connection.max_packet_bytes, len(message.correlation)
        )
        if len(message.payload) <= most_bytes:
            return True
        self._script.trouble.warning(
            message.topic,
            "%d bytes for '%s' are more than the broker takes (%d); not sent",
            len(message.payload),
            message.topic,
            most_bytes,
        )
        return False


def _payload_limit(own_bytes: int, max_packet_bytes: int | None, correlation_bytes: int = 0) -> int:
    """What a payload may have, beside what the message has to carry back to who asked."""
    if max_packet_bytes is None:
        return own_bytes
    room_bytes = max_packet_bytes - _PACKET_OVERHEAD_BYTES - correlation_bytes
    return max(1, min(own_bytes, room_bytes))
