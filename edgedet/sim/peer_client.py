"""One connection to the scripted peer: what the device says, and what it is answered."""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgedet.sim.mqtt_packets import (
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PUBACK,
    PUBLISH,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
    V5,
    V311,
    Packet,
    Publish,
    answer,
    connack,
    disconnect,
    pingresp,
    read_connect,
    read_publish,
    read_topics,
    split,
)
from edgedet.sim.mqtt_wire import MalformedError
from edgedet.sim.peer_command import UNSUPPORTED_VERSION, PeerRules

_TOO_LARGE = 0x95


@dataclass(frozen=True, slots=True)
class Reply:
    """What a packet leads to. `ack_at_s`: the data waits until then; None: it goes at once."""

    data: bytes = b""
    heard: Publish | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    ack_at_s: float | None = None
    hangs_up: bool = False
    is_greeting: bool = False
    is_goodbye: bool = False


class PeerClient:
    """The state of one connection; for the peer's own thread."""

    def __init__(self, sock: socket.socket, rules: PeerRules) -> None:
        """Answer by `rules`, as they are at the time."""
        self.sock = sock
        self.protocol = V5
        self.client_id = ""
        self.will: Publish | None = None
        self.is_accepted = False
        self._rules = rules
        self._max_packet_bytes: int | None = None
        self._unread = bytearray()
        self._unsent = bytearray()
        self._filters: list[str] = []
        self._read_s = time.monotonic()
        self._budget_bytes = 0.0

    @property
    def has_unsent(self) -> bool:
        """Whether the socket did not take everything."""
        return bool(self._unsent)

    def allowance(self, most: int, now_s: float) -> int:
        """How many bytes may be read now."""
        rate = self._rules.bytes_per_s
        if rate is None:
            return most
        self._budget_bytes = min(rate, self._budget_bytes + rate * (now_s - self._read_s))
        self._read_s = now_s
        count = min(most, int(self._budget_bytes))
        self._budget_bytes -= count
        return count

    def feed(self, data: bytes) -> None:
        """Take what came from the socket."""
        self._unread += data

    def send(self, data: bytes) -> None:
        """Write what the socket takes, and keep the rest."""
        self._unsent += data
        if self._unsent:
            try:
                sent = self.sock.send(self._unsent)
            except BlockingIOError:
                return
            del self._unsent[:sent]

    def farewell(self, code: int) -> bytes:
        """Why the connection ends; MQTT 3.1.1 has no words for it."""
        return disconnect(code) if self.protocol == V5 and self.is_accepted else b""

    def wants(self, topic: str) -> bool:
        """Whether it has subscribed to `topic`."""
        return any(matches(pattern, topic) for pattern in self._filters)

    def turn(self) -> Reply | None:
        """Deal with the next packet; None if there is none.

        Raises:
            MalformedError: if it is no MQTT, or not what may come now.
        """
        packet = split(self._unread)
        if packet is None:
            return None
        if packet.kind == CONNECT and not self.is_accepted:
            return self._greet(packet)
        if not self.is_accepted:
            msg = "the first packet is no CONNECT"
            raise MalformedError(msg)
        if packet.kind == PUBLISH:
            return self._published(packet)
        if packet.kind in {SUBSCRIBE, UNSUBSCRIBE}:
            return self._subscribed(packet)
        if packet.kind == DISCONNECT:
            # 3.14.2.1: with 0x04 the will is wanted all the same
            return Reply(hangs_up=True, is_goodbye=packet.body[:1] != b"\x04")
        return Reply(pingresp() if packet.kind == PINGREQ else b"")

    def _greet(self, packet: Packet) -> Reply:
        greeting = read_connect(packet.body)
        rules = self._rules
        self.protocol, self.client_id = greeting.protocol, greeting.client_id
        if greeting.protocol not in {V311, V5}:
            msg = f"protocol {greeting.protocol}"
            raise MalformedError(msg)
        code = rules.refusal()
        counts = {"connects": 1, "refused": 1}
        if code is None and greeting.protocol == V5 and rules.old_only:
            if rules.old_only == "silence":
                return Reply(counts=counts, is_greeting=True)
            if rules.old_only == "hang_up":
                return Reply(counts=counts, hangs_up=True, is_greeting=True)
            code = UNSUPPORTED_VERSION
        if code is not None:
            data = connack(self.protocol, code)
            return Reply(data, counts=counts, hangs_up=True, is_greeting=True)
        self.is_accepted = True
        self.will = greeting.will
        limits = {}
        if rules.max_packet_bytes is not None:
            limits["MaximumPacketSize"] = self._max_packet_bytes = rules.max_packet_bytes
        counts = {"connects": 1, "accepted": 1, "connected": 1}
        return Reply(connack(self.protocol, 0, limits), counts=counts, is_greeting=True)

    def _published(self, packet: Packet) -> Reply:
        if self._max_packet_bytes is not None and packet.size_bytes > self._max_packet_bytes:
            counts = {"oversized": 1}
            return Reply(self.farewell(_TOO_LARGE), counts=counts, hangs_up=True)
        message = read_publish(packet, self.protocol)
        counts = {"duplicates": int(message.is_duplicate)}
        if message.qos == 0:
            return Reply(heard=message, counts=counts)
        delay_s = self._rules.ack_delay_s
        counts["unacknowledged"] = 1
        if delay_s is None:
            return Reply(heard=message, counts=counts)
        ack = answer(PUBACK, message.packet_id, b"", self.protocol)
        return Reply(ack, heard=message, counts=counts, ack_at_s=time.monotonic() + delay_s)

    def _subscribed(self, packet: Packet) -> Reply:
        packet_id, topics = read_topics(packet, self.protocol)
        if packet.kind == SUBSCRIBE:
            self._filters += topics
            return Reply(answer(SUBACK, packet_id, bytes([1] * len(topics)), self.protocol))
        self._filters = [name for name in self._filters if name not in topics]
        codes = bytes(len(topics)) if self.protocol == V5 else b""
        return Reply(answer(UNSUBACK, packet_id, codes, self.protocol))


def matches(pattern: str, topic: str) -> bool:
    """Whether `topic` is meant by a filter with wildcards (4.7).

    >>> [matches("a/+/#", topic) for topic in ("a/b/c/d", "a/b", "b/b/c")]
    [True, True, False]
    """
    levels, parts = pattern.split("/"), topic.split("/")
    for number, level in enumerate(levels):
        if level == "#":
            return True
        if number >= len(parts) or level not in {"+", parts[number]}:
            return False
    return len(levels) == len(parts)
