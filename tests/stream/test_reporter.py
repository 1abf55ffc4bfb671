"""Statuses reach the sink in order, at changes and at heartbeats."""

from edgedet.clock import SystemClock
from edgedet.event import SourceLimit, SourceState
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
    *reasons, last = [status.reason for status in sink.statuses]
    assert reasons == ["not opened yet", *(f"attempt {number}" for number in range(100))]
    assert last == "the service was stopped"


def test_repeats_at_every_heartbeat() -> None:
    sink = RecordingSink()
    reporter = StatusReporter(sink, 0.02, SystemClock())
    reporter.watch([_record(reporter)])
    worker = Worker("status", reporter.run)
    worker.start()
    wait_until(lambda: len(sink.statuses) >= 4)
    assert worker.stop(WAIT_S)


def test_the_last_word_of_a_source_is_not_that_it_is_live() -> None:
    sink = RecordingSink()
    reporter = StatusReporter(sink, 3600.0, SystemClock())
    live, ended = _record(reporter), _record(reporter)
    live.change(SourceState.LIVE)
    live.set_limit(SourceLimit(1.0, "too slow"))
    ended.change(SourceState.ENDED)
    reporter.watch([live, ended])
    worker = Worker("status", reporter.run)
    worker.start()
    assert worker.stop(WAIT_S)

    last = sink.statuses[-1]

    assert (last.state, last.reason) == (SourceState.DISABLED, "the service was stopped")
    assert (last.fps_in, last.fps_inferred, last.limit) == (0.0, 0.0, None)
    assert [each.state for each in sink.statuses].count(SourceState.DISABLED) == 1
    assert live.status().state is SourceState.LIVE
