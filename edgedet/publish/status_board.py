"""The last known state of every source, and which of them the broker has not been told yet."""

import threading

from edgedet.clock import Clock, Deadline
from edgedet.event import SourceStatus


class StatusBoard:
    """Keeps the newest status of each source; what is older and unsent is of no use to anyone."""

    def __init__(self, clock: Clock) -> None:
        """Start empty."""
        self._clock = clock
        self._changed = threading.Condition()  # guards the three below
        self._latest: dict[str, SourceStatus] = {}
        self._untold: dict[str, None] = {}
        self._under_way: dict[str, SourceStatus] = {}

    def put(self, status: SourceStatus) -> None:
        """Replace what is known of a source."""
        with self._changed:
            self._latest[status.source_id] = status
            self._untold[status.source_id] = None

    def take_untold(self) -> list[SourceStatus]:
        """The states that changed since they were last taken."""
        with self._changed:
            statuses = [self._latest[source_id] for source_id in self._untold]
            self._untold.clear()
            self._under_way.update((status.source_id, status) for status in statuses)
            return statuses

    def told(self, status: SourceStatus) -> None:
        """The broker has `status` now, or refused it."""
        with self._changed:
            if self._under_way.get(status.source_id) is status:
                del self._under_way[status.source_id]
                self._changed.notify_all()

    def tell_all(self) -> None:
        """Let everything count as changed: the broker's copies are gone, or grow old."""
        with self._changed:
            self._untold = dict.fromkeys(self._latest)
            self._under_way.clear()

    def wait_until_told(self, timeout_s: float) -> int:
        """Wait until the broker has every change; how many it has not."""
        deadline = Deadline(timeout_s, self._clock)
        with self._changed:
            while self._untold_count() and not deadline.is_over():
                self._changed.wait(deadline.remaining_s())
            return self._untold_count()

    def _untold_count(self) -> int:
        return len(self._untold.keys() | self._under_way.keys())
