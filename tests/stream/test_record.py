"""The record of a source is true from any thread, and holds no credentials."""

from collections.abc import Callable

from edgedet.event import SourceLimit, SourceState, SourceStatus
from edgedet.source.base import SourceCondition
from edgedet.stream.record import SourceRecord
from tests.stream.fakes import FakeClock, FramePool


def _record(
    clock: FakeClock, told: list[SourceStatus], dropped: Callable[[], int] = lambda: 0
) -> SourceRecord:
    return SourceRecord(
        "gate", clock, on_change=told.append, dropped=dropped, fps_inferred=lambda: 12.345
    )


def test_begins_as_not_opened() -> None:
    status = _record(FakeClock(), []).status()
    assert (status.state, status.reason) == (SourceState.RECONNECTING, "not opened yet")
    assert status.last_frame is None


def test_tells_a_change_once_and_keeps_since_while_the_state_stays() -> None:
    clock, told = FakeClock(), list[SourceStatus]()
    record = _record(clock, told)
    since = record.status().since
    clock.advance(5)
    changes = [
        record.change(SourceState.RECONNECTING, "refused"),
        record.change(SourceState.RECONNECTING, "refused"),
    ]
    assert changes == [True, False]
    assert [status.reason for status in told] == ["refused"]
    assert told[0].since == since
    record.change(SourceState.LIVE)
    assert told[-1].since == clock.utc_now()


def test_hides_credentials_in_the_reason() -> None:
    told: list[SourceStatus] = []
    record = _record(FakeClock(), told)
    record.change(SourceState.AUTH_FAILED, "rtsp://admin:hunter2@10.0.0.5/1 refused")
    assert told[0].reason == "rtsp://***@10.0.0.5/1 refused"


def test_counts_frames_that_were_lost_before_it_saw_them() -> None:
    clock, pool = FakeClock(), FramePool()
    record = _record(clock, [], dropped=lambda: 2)
    for seq in (0, 1, 4):
        record.count_frame(pool.frame("gate", seq, arrival_s=clock.monotonic()).info)
    status = record.status()
    assert record.decoded == 5
    assert status.dropped == 2 + 2
    assert status.last_frame == clock.utc_now()


def test_status_has_rates_decoder_and_reconnects() -> None:
    clock, pool = FakeClock(), FramePool()
    record = _record(clock, [])
    for seq in range(51):
        record.count_frame(pool.frame("gate", seq, arrival_s=clock.monotonic()).info)
        clock.advance(0.1)
    record.set_condition(SourceCondition("avdec_h264", quarantined=3))
    record.count_reconnect()
    status = record.status()
    assert 9.5 <= status.fps_in <= 10.5
    assert status.fps_inferred == 12.35
    assert (status.decoder, status.reconnects, status.quarantined) == ("avdec_h264", 1, 3)


def test_pause_and_resume_are_told_once() -> None:
    told: list[SourceStatus] = []
    record = _record(FakeClock(), told)
    record.change(SourceState.LIVE)

    changes = [record.pause("paused"), record.pause("paused"), record.is_paused, record.resume()]

    assert changes == [True, False, True, True]
    states = [status.state for status in told]
    assert states == [SourceState.LIVE, SourceState.DISABLED, SourceState.LIVE]


def test_tells_the_limit_that_the_detector_sets() -> None:
    told: list[SourceStatus] = []
    record = _record(FakeClock(), told)
    record.change(SourceState.LIVE)
    limit = SourceLimit(7.5, "the detector answers 20.0 images/s, cameras ask for 52.0")
    record.set_limit(limit)
    record.set_limit(None)
    assert [status.limit for status in told] == [None, limit, None]
    assert {status.state for status in told} == {SourceState.LIVE}


def test_a_live_source_that_gets_nothing_is_degraded() -> None:
    told: list[SourceStatus] = []
    record = _record(FakeClock(), told)
    record.set_limit(SourceLimit(0.0, "the detector takes too long"))
    record.change(SourceState.LIVE)
    record.change(SourceState.STALLED, "no frame for 10 s")
    assert [(status.state, status.reason) for status in told] == [
        (SourceState.RECONNECTING, "not opened yet"),
        (SourceState.DEGRADED, "the detector takes too long"),
        (SourceState.STALLED, "no frame for 10 s"),
    ]


def test_a_source_that_was_removed_is_silent() -> None:
    told = list[SourceStatus]()
    record = _record(FakeClock(), told)
    record.silence()
    assert record.change(SourceState.LIVE)
    assert told == []


def test_numbers_may_go_on_where_others_ended() -> None:
    record = _record(FakeClock(), [])
    record.number_from(7)
    record.count_frame(FramePool().frame("gate", 7).info)
    assert (record.decoded, record.next_seq) == (1, 8)
