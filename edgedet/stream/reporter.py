"""Tells the sink how the sources are: at every change, at every heartbeat, and at the end."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from edgedet.clock import Clock
from edgedet.event import SourceState, SourceStatus
from edgedet.publish.base import Sink
from edgedet.stream.channel import Channel, Policy
from edgedet.stream.record import SourceRecord

_PENDING = 1024
_LONGEST_WAIT_S = 0.5
_STOPPED = "the service was stopped"
_OVER = (SourceState.ENDED, SourceState.NO_DECODER, SourceState.DISABLED)


class StatusReporter:
    """One thread hands over all statuses, so that an older one never comes after a newer one."""

    def __init__(self, sink: Sink, heartbeat_s: float, clock: Clock) -> None:
        """Report to `sink`; add the records before the thread starts."""
        self._sink = sink
        self._heartbeat_s = heartbeat_s
        self._clock = clock
        self._records: Sequence[SourceRecord] = ()
        self._changes = Channel[SourceStatus](_PENDING, Policy.DROP_OLDEST)

    def watch(self, records: Sequence[SourceRecord]) -> None:
        """Report these at every heartbeat too."""
        self._records = tuple(records)

    def changed(self, status: SourceStatus) -> None:
        """Report a change soon; from any thread, never waits."""
        self._changes.put(status)

    def run(self, stop: threading.Event) -> None:
        """Report until `stop`, then what is left, and that no more comes; the target of a worker.

        What is retained of a source outlives the service, and must not say that it is live.
        """
        self._report_all()
        next_s = self._clock.monotonic() + self._heartbeat_s
        while not stop.is_set():
            wait_s = min(_LONGEST_WAIT_S, max(0.0, next_s - self._clock.monotonic()))
            status = self._changes.get(wait_s)
            if status is not None:
                self._sink.publish_status(status)
            elif self._clock.monotonic() >= next_s:
                self._report_all()
                next_s += self._heartbeat_s
        while (status := self._changes.get_nowait()) is not None:
            self._sink.publish_status(status)
        for record in self._records:
            if (status := record.status()).state not in _OVER:
                self._sink.publish_status(self._stopped(status))

    def _report_all(self) -> None:
        for record in self._records:
            self._sink.publish_status(record.status())

    def _stopped(self, status: SourceStatus) -> SourceStatus:
        return replace(
            status,
            state=SourceState.DISABLED,
            since=self._clock.utc_now(),
            reason=_STOPPED,
            fps_in=0.0,
            fps_inferred=0.0,
            limit=None,
        )
