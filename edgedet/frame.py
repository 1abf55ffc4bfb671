"""A decoded picture as the decoder left it, and where and when it came from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

import numpy as np
from numpy.typing import NDArray


class PixelFormat(str, Enum):
    """Layouts in which decoders hand over pictures.

    I420: planes Y (h, w), U and V (ceil(h/2), ceil(w/2)). NV12: Y (h, w) and UV (ceil(h/2),
    ceil(w/2), 2). RGB and BGR: one plane (h, w, 3). RGBA: one plane (h, w, 4). GRAY8: one plane
    (h, w).
    """

    I420 = "I420"
    NV12 = "NV12"
    RGB = "RGB"
    BGR = "BGR"
    RGBA = "RGBA"
    GRAY8 = "GRAY8"


class CaptureSource(str, Enum):
    """How the capture time of a frame is known; the words of the MQTT contract."""

    RTCP_NTP = "rtcp_ntp"
    RFC7273 = "rfc7273"
    SEI = "sei"
    V4L2 = "v4l2"
    ARGUS = "argus"
    FILE = "file"
    ARRIVAL = "arrival"


@dataclass(frozen=True, slots=True)
class CaptureTime:
    """When the picture was taken (UTC), how that is known, and how far it may be off."""

    utc: datetime
    source: CaptureSource
    error_ms: float | None = None

    def __post_init__(self) -> None:
        """Refuse a time without zone: it would be misread somewhere."""
        if self.utc.tzinfo is None:
            msg = f"capture time needs a zone, got {self.utc!r}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """What is known of a frame besides its pixels; outlives them.

    `seq` counts the decoded frames of the source since the service started, from 0, over
    reconnects too.
    `arrival_s` is the monotonic time at which the decoder handed the buffer over.
    """

    source_id: str
    seq: int
    width: int
    height: int
    pts_ns: int | None
    capture: CaptureTime
    arrival_s: float


_PLANES = {
    PixelFormat.I420: 3,
    PixelFormat.NV12: 2,
    PixelFormat.RGB: 1,
    PixelFormat.BGR: 1,
    PixelFormat.RGBA: 1,
    PixelFormat.GRAY8: 1,
}


def _nothing() -> None:
    """The release of a frame that owns its memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A decoded picture. `planes` are uint8 views on the decoder's own memory, valid until `close`.

    Whoever takes a frame out of a channel closes it; `close` may be called twice, from any thread.
    `is_full_range`: YUV levels go from 0 to 255, as in JPEG, and not from 16 to 235.
    """

    info: FrameInfo
    pixel_format: PixelFormat
    planes: tuple[NDArray[np.uint8], ...]
    release: Callable[[], None] = field(default=_nothing, repr=False)
    is_full_range: bool = False

    def __post_init__(self) -> None:
        """Check the planes against format and size once."""
        count = _PLANES[self.pixel_format]
        if len(self.planes) != count:
            msg = f"{self.pixel_format.value} has {count} planes, got {len(self.planes)}"
            raise ValueError(msg)
        size = (self.info.height, self.info.width)
        if self.planes[0].shape[:2] != size:
            msg = f"first plane is {self.planes[0].shape[:2]}, expected (height, width) = {size}"
            raise ValueError(msg)

    def copy(self) -> "Frame":
        """The same picture in memory of its own, which stays when the decoder has its back."""
        planes = tuple(plane.copy() for plane in self.planes)
        return Frame(self.info, self.pixel_format, planes, is_full_range=self.is_full_range)

    def close(self) -> None:
        """Give the memory back to the decoder."""
        self.release()
