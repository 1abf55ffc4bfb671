"""The C structures and libraries of GStreamer that pictures pass through; its 1.x stable ABI.

Only the leading fields that are read are declared, except where GStreamer writes the structure.
"""

import contextlib
import ctypes
import sys
from collections.abc import Callable

Pointer = ctypes.c_void_p
MAX_PLANES = 4


class MiniObject(ctypes.Structure):
    """What everything counted begins with."""

    _fields_ = (
        ("type", ctypes.c_size_t),
        ("refcount", ctypes.c_int),
        ("lockstate", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("functions", Pointer * 3),
        ("priv_uint", ctypes.c_uint),
        ("priv_pointer", Pointer),
    )


class Buffer(ctypes.Structure):
    """A piece of a stream and its times."""

    _fields_ = (
        ("mini_object", MiniObject),
        ("pool", Pointer),
        ("pts", ctypes.c_uint64),
        ("dts", ctypes.c_uint64),
        ("duration", ctypes.c_uint64),
    )


class ReferenceTimestampMeta(ctypes.Structure):
    """A time by another clock, attached to a buffer."""

    _fields_ = (
        ("flags", ctypes.c_int),
        ("info", Pointer),
        ("reference", Pointer),
        ("timestamp", ctypes.c_uint64),
        ("duration", ctypes.c_uint64),
    )


class Query(ctypes.Structure):
    """A question that one element asks another."""

    _fields_ = (("mini_object", MiniObject), ("type", ctypes.c_int))


class PadProbeInfo(ctypes.Structure):
    """What passes a probe."""

    _fields_ = (("type", ctypes.c_int), ("id", ctypes.c_ulong), ("data", Pointer))


class FormatInfo(ctypes.Structure):
    """The start of a pixel format's description."""

    _fields_ = (("format", ctypes.c_int), ("name", ctypes.c_char_p))


class VideoInfo(ctypes.Structure):
    """Size and layout of a picture."""

    _fields_ = (
        ("finfo", ctypes.POINTER(FormatInfo)),
        ("interlace_mode", ctypes.c_int),
        ("flags", ctypes.c_int),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("size", ctypes.c_size_t),
        ("views", ctypes.c_int),
        ("chroma_site", ctypes.c_int),
        ("colorimetry", ctypes.c_int * 4),
        ("ratios", ctypes.c_int * 4),
        ("offset", ctypes.c_size_t * MAX_PLANES),
        ("stride", ctypes.c_int * MAX_PLANES),
        ("reserved", Pointer * 4),
    )


class MapInfo(ctypes.Structure):
    """One mapped piece of memory."""

    _fields_ = (
        ("memory", Pointer),
        ("flags", ctypes.c_int),
        ("data", Pointer),
        ("size", ctypes.c_size_t),
        ("maxsize", ctypes.c_size_t),
        ("private", Pointer * 8),
    )


class VideoFrame(ctypes.Structure):
    """A mapped picture."""

    _fields_ = (
        ("info", VideoInfo),
        ("flags", ctypes.c_int),
        ("buffer", ctypes.POINTER(Buffer)),
        ("meta", Pointer),
        ("id", ctypes.c_int),
        ("data", Pointer * MAX_PLANES),
        ("map", MapInfo * MAX_PLANES),
        ("reserved", Pointer * 4),
    )


ProbeFunction = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, ctypes.POINTER(PadProbeInfo), Pointer)


def library(name: str) -> ctypes.CDLL:
    """One of GStreamer's libraries, under the name that the system gives it."""
    names = {"win32": f"{name}-1.0-0.dll", "darwin": f"lib{name}-1.0.0.dylib"}
    return ctypes.CDLL(names.get(sys.platform, f"lib{name}-1.0.so.0"))


def keep_the_unwinder() -> None:
    """Let C++ exceptions be unwound by the compiler's own library; call before GStreamer is loaded.

    Debian's GStreamer is linked with libunwind, which offers `_Unwind_Resume` too, and the typelibs
    load it for the whole process. A C++ library that is loaded later, such as OpenVINO, would find
    that one first, and its first exception would abort the process. Seen with GStreamer 1.22,
    libunwind 1.6 and OpenVINO 2026.4; the symbol that is first for the whole process wins.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # another C library: nothing to keep
            ctypes.CDLL("libgcc_s.so.1", mode=ctypes.RTLD_GLOBAL)


def bind(
    function: "ctypes._NamedFuncPointer", result: object, *arguments: object
) -> Callable[..., int]:
    """`function` with its C types declared."""
    function.restype = result  # type: ignore[assignment]
    function.argtypes = arguments  # type: ignore[assignment]
    return function
