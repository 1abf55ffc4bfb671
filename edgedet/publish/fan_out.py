"""Several sinks behind one."""

import logging
import threading
from collections.abc import Sequence

from edgedet.analytics import ObjectEvent, SourceCounts
from edgedet.clock import Clock, Deadline
from edgedet.detections import FrameDetections
from edgedet.errors import PublishError
from edgedet.event import SourceStatus
from edgedet.publish.base import Sink

logger = logging.getLogger(__name__)


class FanOut:
    """Hands everything to every sink. One that fails for good does not stop the others.

    Its failure is logged once, and every result it misses is part of what `flush` reports.
    """

    def __init__(self, sinks: Sequence[Sink], clock: Clock) -> None:
        """Own `sinks`: `close` closes them."""
        self._sinks = tuple(sinks)
        self._clock = clock
        self._lock = threading.Lock()  # guards _missed
        self._missed: dict[int, int] = {}

    def publish(self, result: FrameDetections) -> None:
        """Hand `result` to every sink that still works.

        Raises:
            PublishError: none works any more.
        """
        failure: PublishError | None = None
        for index, sink in enumerate(self._sinks):
            with self._lock:
                if index in self._missed:
                    self._missed[index] += 1
                    continue
            try:
                sink.publish(result)
            except PublishError as exc:
                logger.error("%s; going on without", exc)  # noqa: TRY400 - the message says it all
                failure = exc
                with self._lock:
                    self._missed[index] = 0  # this one is counted by the sink itself
        if failure is not None and len(self._missed) == len(self._sinks):
            raise failure

    def publish_status(self, status: SourceStatus) -> None:
        """Hand the state of a source to every sink."""
        for sink in self._sinks:
            sink.publish_status(status)

    def publish_event(self, event: ObjectEvent) -> None:
        """Hand an event to every sink."""
        for sink in self._sinks:
            sink.publish_event(event)

    def publish_counts(self, counts: SourceCounts) -> None:
        """Hand the counts of a source to every sink."""
        for sink in self._sinks:
            sink.publish_counts(counts)

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until every sink has room; whether all have."""
        deadline = Deadline(timeout_s, self._clock)
        return all(sink.wait_for_room(deadline.remaining_s()) for sink in self._sinks)

    def flush(self, timeout_s: float) -> int:
        """Flush every sink within one time limit; the sum of what was not handed over."""
        deadline = Deadline(timeout_s, self._clock)
        lost = sum(sink.flush(deadline.remaining_s()) for sink in self._sinks)
        with self._lock:
            return lost + sum(self._missed.values())

    def close(self, timeout_s: float) -> None:
        """Close every sink within one time limit."""
        deadline = Deadline(timeout_s, self._clock)
        for sink in self._sinks:
            sink.close(deadline.remaining_s())
