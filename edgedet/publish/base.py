"""What the rest of edgedet knows of an outlet for detections, events and states."""

from typing import Protocol

from edgedet.analytics import ObjectEvent, SourceCounts
from edgedet.detections import FrameDetections
from edgedet.event import SourceStatus


class Sink(Protocol):
    """An outlet. What begins with `publish` never blocks and never raises for a lost peer.

    More methods than the usual four: all that leaves the device goes through one queue, in order.
    """

    def publish(self, result: FrameDetections) -> None:
        """Hand over the detections of one frame; results of one source come in order.

        Raises:
            PublishError: the outlet is gone for good, as a file on a full disk is.
        """
        ...

    def publish_status(self, status: SourceStatus) -> None:
        """Hand over the state of a source."""
        ...

    def publish_event(self, event: ObjectEvent) -> None:
        """Hand over an event; those of one source come in order. Outages do not lose it."""
        ...

    def publish_counts(self, counts: SourceCounts) -> None:
        """Hand over how many objects a source sees; each replaces the one before."""
        ...

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until a result of a lossless source may be published; whether there is room now.

        A live source need not ask: without room its oldest result makes way and is counted. A
        lossless source asks before it reads on; published without room, it is kept all the same.
        """
        ...

    def flush(self, timeout_s: float) -> int:
        """Wait until everything was handed over; the number of messages that were not.

        Counts from the start: what was dropped on the way is part of it.
        """
        ...

    def close(self, timeout_s: float) -> None:
        """Say good-bye and free everything; may be called twice."""
        ...
