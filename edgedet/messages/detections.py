"""`edgedet.detections/1`: what was detected in one frame."""

from pydantic import Field

from edgedet.messages.base import Box, Count, NumberedMessage, Part, Utc


class DetectionsTime(Part):
    """When the frame was taken, as far as that is known, and when it was told."""

    capture: Utc
    capture_source: str
    published: Utc
    clock: str
    capture_error_ms: float | None = None
    latency_ms: float | None = None


class FrameSize(Part):
    """The frame; `skipped` frames before it were not detected."""

    seq: Count
    width: int
    height: int
    pts_ns: int | None = None
    skipped: Count = 0


class ModelName(Part):
    """The model that looked."""

    name: str
    version: str
    sha256: str = ""
    precision: str = ""


class DetectedObject(Part):
    """An object."""

    class_id: Count
    label: str
    score: float
    box: Box
    track: str | None = None
    zones: tuple[str, ...] = ()


class Detections(NumberedMessage):
    """What was detected in one frame, the best first; `truncated` objects did not fit."""

    time: DetectionsTime
    frame: FrameSize
    model: ModelName
    objects: tuple[DetectedObject, ...]
    truncated: Count = Field(default=0)
