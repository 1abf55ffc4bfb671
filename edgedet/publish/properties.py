"""The properties of a PUBLISH in MQTT 5, as bytes."""

import struct

from edgedet.publish.broker import Message

CONTENT_TYPE = "application/json"

# Source: MQTT 5.0, 2.2.2.2
_PAYLOAD_FORMAT = 0x01
_MESSAGE_EXPIRY = 0x02
_CONTENT_TYPE = 0x03
_USER_PROPERTY = 0x26
_UTF8_PAYLOAD = 1


def pack_properties(message: Message) -> bytes:
    """Length, payload format, content type, expiry, and `schema` and `id` as user properties."""
    parts = [bytes((_PAYLOAD_FORMAT, _UTF8_PAYLOAD, _CONTENT_TYPE)), _utf8(CONTENT_TYPE)]
    if message.expiry_s is not None:
        parts.append(struct.pack("!BI", _MESSAGE_EXPIRY, message.expiry_s))
    for name, value in (("schema", message.schema), ("id", message.id)):
        parts += (bytes((_USER_PROPERTY,)), _utf8(name), _utf8(value))
    body = b"".join(parts)
    length, size = bytearray(), len(body)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes(length) + body


def _utf8(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data
