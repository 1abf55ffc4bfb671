"""The words of MQTT: numbers, texts, properties. Pure.

Source: OASIS MQTT 5.0, 1.5 and 2.2.2.
"""

from typing import Any

_PROPERTIES: dict[int, tuple[str, str]] = {  # 2.2.2.2
    1: ("PayloadFormatIndicator", "u8"),
    2: ("MessageExpiryInterval", "u32"),
    3: ("ContentType", "text"),
    8: ("ResponseTopic", "text"),
    9: ("CorrelationData", "blob"),
    11: ("SubscriptionIdentifier", "varint"),
    17: ("SessionExpiryInterval", "u32"),
    19: ("ServerKeepAlive", "u16"),
    23: ("RequestProblemInformation", "u8"),
    24: ("WillDelayInterval", "u32"),
    25: ("RequestResponseInformation", "u8"),
    31: ("ReasonString", "text"),
    33: ("ReceiveMaximum", "u16"),
    34: ("TopicAliasMaximum", "u16"),
    35: ("TopicAlias", "u16"),
    38: ("UserProperty", "pair"),
    39: ("MaximumPacketSize", "u32"),
}
_NUMBERS = {name: (number, kind) for number, (name, kind) in _PROPERTIES.items()}


class MalformedError(ValueError):
    """Bytes that are no MQTT."""


class Reader:
    """Takes words off a packet's body, in turn."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """`count` bytes."""
        if self._at + count > len(self._data):
            msg = "packet ends too early"
            raise MalformedError(msg)
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, count: int) -> int:
        """A number of `count` bytes."""
        return int.from_bytes(self.take(count), "big")

    def varint(self) -> int:
        """A number of variable length."""
        value = 0
        for shift in range(0, 28, 7):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        msg = "length of more than four bytes"
        raise MalformedError(msg)

    def blob(self) -> bytes:
        """Bytes behind their length."""
        return self.take(self.number(2))

    def text(self) -> str:
        """Text behind its length."""
        return self.blob().decode("utf-8", "replace")

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data) - self._at)

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._data)

    def properties(self) -> dict[str, Any]:
        """Properties by name; user properties below `user`."""
        inner = Reader(self.take(self.varint()))
        found: dict[str, Any] = {}
        user: dict[str, str] = {}
        while not inner.is_at_end:
            number = inner.varint()
            if number not in _PROPERTIES:
                msg = f"property {number} is not known here"
                raise MalformedError(msg)
            name, kind = _PROPERTIES[number]
            if kind == "pair":
                key = inner.text()
                user[key] = inner.text()
            else:
                found[name] = inner.value(kind)
        return {**found, "user": user} if user else found

    def value(self, kind: str) -> int | str | bytes:
        """A property's value."""
        if kind == "text":
            return self.text()
        if kind == "blob":
            return self.blob()
        return self.varint() if kind == "varint" else self.number(int(kind[1:]) // 8)


def pack_property(name: str, value: int | str | bytes) -> bytes:
    """A property that holds a number, text or bytes."""
    number, kind = _NUMBERS[name]
    if isinstance(value, int):
        return bytes((number,)) + value.to_bytes(int(kind[1:]) // 8, "big")
    data = value.encode() if isinstance(value, str) else value
    return bytes((number,)) + len(data).to_bytes(2, "big") + data


def pack_varint(value: int) -> bytes:
    """A number in as many bytes as it needs."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | 0x80 if value else low)
        if not value:
            return bytes(out)
