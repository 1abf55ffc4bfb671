"""Damage to encoded pictures, as a bad network does it: the frame's form stays, its content not."""

import random
import re

_START = re.compile(rb"\x00\x00\x01")
_HEAD_BYTES = 12
"""Left alone behind each start code: the kind of the unit and the start of a slice's header."""
_JPEG_HEAD_BYTES = 700
"""Tables and header of a JPEG picture of jpegenc, which its payloader needs."""
_SPARED_KINDS = {7, 8}  # H.264 parameter sets


def corrupted(frame: bytes, codec: str, chance: random.Random) -> bytes:
    """`frame` with about a tenth of its content replaced; same length, same units.

    >>> frame = bytes([0, 0, 1, 0x41]) + bytes(range(1, 201))
    >>> worse = corrupted(frame, "h264", random.Random(1))
    >>> (len(worse), worse[:15] == frame[:15], worse == frame)
    (204, True, False)
    """
    data = bytearray(frame)
    if codec == "jpeg":
        _spoil(data, _JPEG_HEAD_BYTES, len(data) - 2, chance)
        return bytes(data)
    starts = [match.start() for match in _START.finditer(frame)]
    for start, end in zip(starts, [*starts[1:], len(frame)], strict=True):
        kind = frame[start + 3] if start + 3 < len(frame) else 0
        if not _is_parameter_set(kind, codec):
            _spoil(data, start + 3 + _HEAD_BYTES, end - 1, chance)
    return bytes(data)


def _is_parameter_set(kind: int, codec: str) -> bool:
    if codec == "h264":
        return kind & 0x1F in _SPARED_KINDS
    return 32 <= (kind >> 1) & 0x3F <= 34  # H.265: VPS, SPS, PPS


def _spoil(data: bytearray, begin: int, end: int, chance: random.Random) -> None:
    """Never zero, lest a start code appear, nor 255, which is a marker in JPEG."""
    for _ in range(max(0, end - begin) // 10 + (end > begin)):
        data[chance.randrange(begin, end)] = chance.randrange(1, 255)
