"""Statuses reach the sink in order, at changes and at heartbeats."""

from edgedet.clock import SystemClock
from edgedet.event import SourceState
from edgedet.stream.record import SourceRecord
from edgedet.stream.reporter import StatusReporter
from edgedet.stream.worker import Worker
from tests.stream.fakes import WAIT_S, RecordingSink, wait_until


def _record(reporter: StatusReporter) -> SourceRecord:
    return SourceRecord(
        "gate",
        SystemClock(),
        on_change=reporter.changed,
        dropped=lambda: 0,
        fps_inferred=lambda: 0.0,
    )


def test_reports_at_the_start_and_every_change_in_order() -> None:
    sink = RecordingSink()
    reporter = StatusReporter(sink, 3600.0, SystemClock())
    record = _record(reporter)
    reporter.watch([record])
    worker = Worker("status", reporter.run)
    worker.start()
    wait_until(lambda: len(sink.statuses) == 1)
    for number in range(100):
        record.change(SourceState.RECONNECTING, f"attempt {number}")
    assert worker.stop(WAIT_S)
    reasons = [status.reason for status in sink.statuses]
    assert reasons == ["not opened yet", *(f"attempt {number}" for number in range(100))]


def test_repeats_at_every_heartbeat() -> None:
    sink = RecordingSink()
    reporter = StatusReporter(sink, 0.02, SystemClock())
    reporter.watch([_record(reporter)])
    worker = Worker("status", reporter.run)
    worker.start()
    wait_until(lambda: len(sink.statuses) >= 4)
    assert worker.stop(WAIT_S)
