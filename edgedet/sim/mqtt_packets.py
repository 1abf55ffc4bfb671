"""MQTT 3.1.1 and 5.0 on the wire, as far as a broker for one device needs them. Pure.

Source: OASIS MQTT 3.1.1 and 5.0, chapters 2 and 3; section numbers below are those of 5.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgedet.sim.mqtt_wire import MalformedError, Reader, pack_property, pack_varint

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 10, 11, 12, 13, 14
V311, V5 = 4, 5

_OLD_CODES = {0x84: 1, 0x85: 2, 0x88: 3, 0x86: 4, 0x87: 5}  # 3.1.1, table 3.1


@dataclass(frozen=True, slots=True)
class Packet:
    """One control packet; `size_bytes` as it was on the wire."""

    kind: int
    flags: int
    body: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Publish:
    """A PUBLISH; `packet_id` is 0 at QoS 0."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    is_duplicate: bool = False
    packet_id: int = 0
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connect:
    """A CONNECT, without its credentials."""

    protocol: int
    client_id: str
    is_clean: bool
    keepalive_s: int
    properties: Mapping[str, Any]
    will: Publish | None
    username: str | None


def split(buffer: bytearray) -> Packet | None:
    """The first whole packet of `buffer`, taken out of it; None if there is none yet."""
    length, at = 0, 1
    for shift in range(0, 28, 7):
        if at >= len(buffer):
            return None
        byte = buffer[at]
        length |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            break
    else:
        msg = "length of more than four bytes"
        raise MalformedError(msg)
    if len(buffer) < at + length:
        return None
    packet = Packet(buffer[0] >> 4, buffer[0] & 15, bytes(buffer[at : at + length]), at + length)
    del buffer[: at + length]
    return packet


def read_connect(body: bytes) -> Connect:
    """What a CONNECT says (3.1)."""
    reader = Reader(body)
    reader.text()
    protocol, flags, keepalive_s = reader.number(1), reader.number(1), reader.number(2)
    is_v5 = protocol == V5
    properties = reader.properties() if is_v5 else {}
    client_id, will, username = reader.text(), None, None
    if flags & 4:
        will_properties = reader.properties() if is_v5 else {}
        topic, payload = reader.text(), reader.blob()
        will = Publish(
            topic=topic,
            payload=payload,
            qos=flags >> 3 & 3,
            retain=bool(flags & 32),
            is_duplicate=False,
            packet_id=0,
            properties=will_properties,
        )
    if flags & 128:
        username = reader.text()
    return Connect(protocol, client_id, bool(flags & 2), keepalive_s, properties, will, username)


def read_publish(packet: Packet, protocol: int) -> Publish:
    """What a PUBLISH says (3.3)."""
    reader = Reader(packet.body)
    qos = packet.flags >> 1 & 3
    topic = reader.text()
    packet_id = reader.number(2) if qos else 0
    properties = reader.properties() if protocol == V5 else {}
    return Publish(
        topic=topic,
        payload=reader.rest(),
        qos=qos,
        retain=bool(packet.flags & 1),
        is_duplicate=bool(packet.flags & 8),
        packet_id=packet_id,
        properties=properties,
    )


def read_topics(packet: Packet, protocol: int) -> tuple[int, list[str]]:
    """Packet id and filters of a SUBSCRIBE or UNSUBSCRIBE (3.8, 3.10)."""
    reader = Reader(packet.body)
    packet_id = reader.number(2)
    if protocol == V5:
        reader.properties()
    topics = []
    while not reader.is_at_end:
        topics.append(reader.text())
        if packet.kind == SUBSCRIBE:
            reader.take(1)
    return packet_id, topics


def connack(protocol: int, code: int, limits: Mapping[str, int] | None = None) -> bytes:
    """The answer to a greeting (3.2); `code` is that of MQTT 5, told in the old way to 3.1.1."""
    if protocol != V5:
        return _packet(CONNACK, bytes((0, _OLD_CODES.get(code, 3) if code else 0)))
    parts = [pack_property(name, value) for name, value in (limits or {}).items()]
    packed = b"".join(parts)
    return _packet(CONNACK, bytes((0, code)) + pack_varint(len(packed)) + packed)


def answer(kind: int, packet_id: int, codes: bytes, protocol: int) -> bytes:
    """PUBACK, SUBACK or UNSUBACK."""
    head = packet_id.to_bytes(2, "big")
    if kind == PUBACK:
        return _packet(kind, head)
    return _packet(kind, head + (b"\0" if protocol == V5 else b"") + codes)


def disconnect(code: int) -> bytes:
    """A server's DISCONNECT (3.14): MQTT 5 alone has it."""
    return _packet(DISCONNECT, bytes((code, 0)))


def publish(message: Publish, protocol: int) -> bytes:
    """A PUBLISH (3.3); its properties are left out for 3.1.1, which has none."""
    name = message.topic.encode()
    head = len(name).to_bytes(2, "big") + name
    if message.qos:
        head += message.packet_id.to_bytes(2, "big")
    if protocol == V5:
        packed = b"".join(pack_property(*each) for each in message.properties.items())
        head += pack_varint(len(packed)) + packed
    flags = message.is_duplicate << 3 | message.qos << 1 | message.retain
    return _packet(PUBLISH, head + message.payload, flags=flags)


def pingresp() -> bytes:
    """The answer to a PINGREQ."""
    return _packet(PINGRESP, b"")


def _packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    return bytes((kind << 4 | flags,)) + pack_varint(len(body)) + body
