"""What the rest of edgedet knows of an outlet for detections."""

from typing import Protocol

from edgedet.detections import FrameDetections
from edgedet.event import SourceStatus


class Sink(Protocol):
    """An outlet. `publish` and `publish_status` never block for long and never raise for a lost peer."""

    def publish(self, result: FrameDetections) -> None:
        """Hand over the detections of one frame; results of one source come in order."""
        ...

    def publish_status(self, status: SourceStatus) -> None:
        """Hand over the state of a source."""
        ...

    def flush(self, timeout_s: float) -> int:
        """Wait until everything was handed over; the number of messages that were not."""
        ...

    def close(self, timeout_s: float) -> None:
        """Say good-bye and free everything; may be called twice."""
        ...
