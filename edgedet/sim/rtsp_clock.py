"""A camera whose clock is wrong: the time in its RTCP sender reports is shifted on its way out.

GStreamer takes that time from the system; so the eight bytes are rewritten in the packet, by a pad
probe in C types, since a buffer that Python holds a reference to may not be written.
"""

import contextlib
import ctypes
from collections.abc import Callable
from typing import Any

_BUFFER_PROBE = 1 << 4  # GST_PAD_PROBE_TYPE_BUFFER
_PROBE_OK = 1
_SENDER_REPORT = 200  # RFC 3550, 6.4.1
_NTP_OFFSET, _NTP_BYTES = 8, 8


class _ProbeInfo(ctypes.Structure):
    """GstPadProbeInfo, as far as it is read."""

    _fields_ = (("type", ctypes.c_int), ("id", ctypes.c_ulong), ("data", ctypes.c_void_p))


_PROBE = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_ProbeInfo), ctypes.c_void_p
)


def shifted(packet: bytes, offset_s: float) -> bytes | None:
    """The NTP time of an RTCP packet, `offset_s` later; None if it is no sender report.

    >>> shifted(bytes([128, 200, 0, 6]) + bytes(4) + bytes([0, 0, 0, 5]) + bytes(4), 2.5).hex()
    '0000000780000000'
    """
    if len(packet) < _NTP_OFFSET + _NTP_BYTES or packet[1] != _SENDER_REPORT:
        return None
    ntp = int.from_bytes(packet[_NTP_OFFSET : _NTP_OFFSET + _NTP_BYTES], "big")
    return ((ntp + round(offset_s * 2**32)) % 2**64).to_bytes(_NTP_BYTES, "big")


class ReportShifter:
    """Shifts the reports of each media that it is shown by what `offset_s` says at the time."""

    def __init__(self, offset_s: Callable[[], float]) -> None:
        self._offset_s = offset_s
        self._library = ctypes.CDLL("libgstreamer-1.0.so.0")
        for name, arguments in (
            ("gst_pad_add_probe", [ctypes.c_void_p, ctypes.c_int, _PROBE] + [ctypes.c_void_p] * 2),
            (
                "gst_buffer_extract",
                [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t],
            ),
            (
                "gst_buffer_fill",
                [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t],
            ),
        ):
            function = getattr(self._library, name)
            function.argtypes, function.restype = arguments, ctypes.c_size_t
        self._probe = _PROBE(self._on_packet)  # kept: C holds no reference

    def watch(self, media: Any) -> None:  # noqa: ANN401
        """Rewrite the reports of a media that is prepared."""
        pipeline = media.get_element().get_parent()
        for element in _elements(pipeline):
            if (element.get_factory() or element).get_name() != "rtpbin":
                continue
            for pad in element.pads:
                if pad.get_name().startswith("send_rtcp_src"):
                    pointer = hash(pad)  # of a GObject: its address
                    self._library.gst_pad_add_probe(pointer, _BUFFER_PROBE, self._probe, None, None)

    def _on_packet(self, _pad: int, info: Any, _data: object) -> int:  # noqa: ANN401
        with contextlib.suppress(Exception):  # nothing may travel through C
            head = ctypes.create_string_buffer(_NTP_OFFSET + _NTP_BYTES)
            buffer = info.contents.data
            size = self._library.gst_buffer_extract(buffer, 0, head, len(head))
            offset_s = self._offset_s()
            ntp = shifted(head.raw[:size], offset_s) if offset_s else None
            if ntp is not None:
                self._library.gst_buffer_fill(buffer, _NTP_OFFSET, ntp, _NTP_BYTES)
        return _PROBE_OK


def _elements(pipeline: Any) -> list[Any]:  # noqa: ANN401
    found: list[Any] = []
    pipeline.iterate_elements().foreach(found.append)
    return found
