"""Whether a picture file is all there: decoders fill what is missing with grey and say nothing."""

import zlib

_PNG = b"\x89PNG\r\n\x1a\n"


def fault_of(content: bytes) -> str:
    """What is missing or damaged in the bytes of a JPEG, PNG, WebP or BMP; empty: nothing seen.

    >>> fault_of(b"")
    'the file is empty'
    """
    if not content:
        return "the file is empty"
    if content.startswith(b"\xff\xd8"):
        return "" if _jpeg_ends(content) else "the JPEG ends too early"
    if content.startswith(_PNG):
        return _png_fault(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        whole = int.from_bytes(content[4:8], "little") + 8 <= len(content)
        return "" if whole else "the WebP ends too early"
    if content.startswith(b"BM"):
        whole = int.from_bytes(content[2:6], "little") <= len(content)
        return "" if whole else "the BMP ends too early"
    return ""


def _jpeg_ends(content: bytes) -> bool:
    """Whether an end marker follows the first scan; thumbnails before it have end markers too.

    Source: ITU-T T.81, annex B: segments begin with FF and a marker, then their length; inside
    a scan FF is followed by 00 or a restart marker.
    """
    place = 2
    while place + 4 <= len(content):
        if content[place] != 0xFF:
            return False
        marker = content[place + 1]
        if marker == 0xFF:  # fill byte
            place += 1
        elif marker == 0xDA:
            return content.find(b"\xff\xd9", place) >= 0
        else:
            place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return False


def _png_fault(content: bytes) -> str:
    """Source: PNG specification (ISO/IEC 15948), 5.3: length, type, data, CRC of type and data."""
    place = len(_PNG)
    while place + 12 <= len(content):
        end = place + 8 + int.from_bytes(content[place : place + 4], "big")
        kind = content[place + 4 : place + 8]
        if end + 4 > len(content):
            break
        expected = int.from_bytes(content[end : end + 4], "big")
        if zlib.crc32(content[place + 4 : end]) != expected:
            return f"the PNG is damaged (checksum of {kind.decode('latin-1')})"
        if kind == b"IEND":
            return ""
        place = end + 4
    return "the PNG ends too early"
