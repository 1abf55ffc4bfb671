"""The properties of what we send in MQTT 5, as bytes."""

import struct

from edgedet.publish.broker import JSON, Message

# Source: MQTT 5.0, 2.2.2.2
_PAYLOAD_FORMAT = 0x01
_MESSAGE_EXPIRY = 0x02
_CONTENT_TYPE = 0x03
_CORRELATION = 0x09
_SESSION_EXPIRY = 0x11
_WILL_DELAY = 0x18
_MAX_PACKET = 0x27
_USER_PROPERTY = 0x26
_UTF8_PAYLOAD = 1


def pack_publish(message: Message) -> bytes:
    """Length, format, content type, expiry, correlation, and the user properties.

    These are `schema` and `id`. The payload's format is said of text only.
    """
    return _with_length(_message_properties(message))


def pack_will(message: Message, delay_s: int) -> bytes:
    """The same of a will that is said after `delay_s`."""
    return _with_length(struct.pack("!BI", _WILL_DELAY, delay_s) + _message_properties(message))


def pack_connect(session_expiry_s: int, max_packet_bytes: int | None) -> bytes:
    """Length, how long the broker keeps our session, and the largest packet that we take."""
    body = struct.pack("!BI", _SESSION_EXPIRY, session_expiry_s)
    if max_packet_bytes is not None:
        body += struct.pack("!BI", _MAX_PACKET, max_packet_bytes)
    return _with_length(body)


def _message_properties(message: Message) -> bytes:
    is_text = message.content_type == JSON
    parts = [bytes((_PAYLOAD_FORMAT, _UTF8_PAYLOAD))] if is_text else []
    parts += (bytes((_CONTENT_TYPE,)), _utf8(message.content_type))
    if message.expiry_s is not None:
        parts.append(struct.pack("!BI", _MESSAGE_EXPIRY, message.expiry_s))
    if message.correlation:
        parts += (bytes((_CORRELATION,)), _binary(message.correlation))
    for name, value in (("schema", message.schema), ("id", message.id)):
        if value:
            parts += (bytes((_USER_PROPERTY,)), _utf8(name), _utf8(value))
    return b"".join(parts)


def _with_length(body: bytes) -> bytes:
    length, size = bytearray(), len(body)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes(length) + body


def _utf8(text: str) -> bytes:
    return _binary(text.encode())


def _binary(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data
