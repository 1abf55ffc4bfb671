"""What the rest of edgedet knows of an outlet for detections."""

from typing import Protocol

from edgedet.detections import FrameDetections
from edgedet.event import SourceStatus


class Sink(Protocol):
    """An outlet. `publish` and `publish_status` never block and never raise for a lost peer.

    One method above the usual four: room and hand-over belong to the same queue.
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
