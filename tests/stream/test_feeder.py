"""A feeder keeps its source open, gives up files only, and closes frames it may not pass on."""

import threading
from collections.abc import Callable

import pytest

from edgedet.config.source import SourceSettings
from edgedet.errors import AuthenticationError, DecoderError, SourceError
from edgedet.event import SourceState, SourceStatus
from edgedet.frame import Frame
from edgedet.source.base import InterruptedOpenError, SourceCondition
from edgedet.stream.channel import Channel, Policy
from edgedet.stream.feeder import Feeder, Outcome
from edgedet.stream.record import SourceRecord
from edgedet.stream.worker import Worker
from tests.stream.fakes import (
    WAIT_S,
    FakeClock,
    FramePool,
    NoDelay,
    ScriptedSource,
    Step,
    wait_until,
)

CAMERA = "rtsp://10.0.0.5/stream1"
FILE = "file:///srv/clips/dock.avi"


class Bench:
    """A feeder with everything around it."""

    def __init__(
        self, source: ScriptedSource, uri: str = CAMERA, *, capacity: int = 64, **settings: object
    ) -> None:
        self.clock = FakeClock()
        self.pool = FramePool()
        self.told: list[SourceStatus] = []
        self.has_room = True
        config = SourceSettings.model_validate({"id": "a", "uri": uri, **settings})
        policy = Policy.BLOCK if config.is_lossless else Policy.DROP_OLDEST
        self.channel = Channel[Frame](capacity, policy, dispose=Frame.close)
        record = SourceRecord(
            "a",
            self.clock,
            on_change=self.told.append,
            dropped=lambda: self.channel.dropped,
            fps_inferred=lambda: 0.0,
        )
        self.source = source
        self.delay = NoDelay()
        self.feeder = Feeder(
            settings=config,
            source=source,
            channel=self.channel,
            record=record,
            delay=self.delay,
            wait_for_room=lambda _timeout_s: self.has_room,
        )
        self.stop = threading.Event()

    @property
    def states(self) -> list[SourceState]:
        return [status.state for status in self.told]

    def taken(self) -> list[int]:
        seqs = []
        while (frame := self.channel.get_nowait()) is not None:
            seqs.append(frame.info.seq)
            frame.close()
        return seqs


def test_a_finite_file_is_fed_whole_and_ends() -> None:
    pool = FramePool()
    bench = Bench(ScriptedSource([pool.frame(seq=seq) for seq in range(5)]), FILE, realtime=False)
    bench.feeder.run(bench.stop)
    assert bench.feeder.outcome is Outcome.ENDED
    assert bench.taken() == [0, 1, 2, 3, 4]
    assert not bench.channel.is_closed  # another feeder may follow
    assert bench.states == [SourceState.LIVE, SourceState.ENDED]
    assert bench.source.closed == 1
    assert pool.open_frames == set()


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SourceError("'/srv/clips/dock.avi' does not exist"), SourceState.DISABLED),
        (DecoderError("no decoder for video/x-unknown"), SourceState.NO_DECODER),
    ],
)
def test_a_file_that_cannot_be_opened_fails_at_once(error: Exception, state: SourceState) -> None:
    bench = Bench(ScriptedSource(error, []), FILE)
    bench.feeder.run(bench.stop)
    assert bench.feeder.outcome is Outcome.FAILED
    assert bench.source.opened == 1
    assert (bench.told[-1].state, bench.told[-1].reason) == (state, str(error))
    assert not bench.channel.is_closed  # another feeder may follow


def test_a_file_that_breaks_off_fails_with_what_it_gave() -> None:
    pool = FramePool()
    bench = Bench(ScriptedSource([pool.frame(seq=0), SourceError("damaged")]), FILE)
    bench.feeder.run(bench.stop)
    assert bench.feeder.outcome is Outcome.FAILED
    assert bench.taken() == [0]


def test_a_file_without_a_frame_fails() -> None:
    bench = Bench(ScriptedSource([]), FILE)
    bench.feeder.run(bench.stop)
    assert bench.feeder.outcome is Outcome.FAILED
    assert bench.told[-1].reason == "source 'a': ended without a single frame"


def test_a_camera_is_opened_again_for_ever() -> None:
    pool = FramePool()
    bench = Bench(ScriptedSource())
    script = ScriptedSource(
        SourceError("no route"),
        AuthenticationError("401"),
        [pool.frame(seq=0)],  # and then the stream ends
        DecoderError("no decoder"),
        [pool.frame(seq=1), pool.frame(seq=2), bench.stop.set],
    )
    bench.feeder._source = script
    bench.feeder.run(bench.stop)
    assert bench.feeder.outcome is Outcome.STOPPED
    assert bench.states == [
        SourceState.RECONNECTING,
        SourceState.AUTH_FAILED,
        SourceState.LIVE,
        SourceState.RECONNECTING,
        SourceState.NO_DECODER,
        SourceState.LIVE,
    ]
    assert bench.taken() == [0, 1, 2]
    assert bench.delay.resets == 2
    assert bench.told[-1].reconnects == 4
    assert script.closed == 5


def test_a_camera_without_frames_is_stalled_and_opened_again() -> None:
    pool = FramePool()
    bench = Bench(ScriptedSource(), stall_timeout_s=10)

    def six_seconds() -> None:
        bench.clock.advance(6)

    bench.feeder._source = ScriptedSource(
        [pool.frame(seq=0), six_seconds, six_seconds],
        [pool.frame(seq=1), bench.stop.set],
    )
    bench.feeder.run(bench.stop)
    assert bench.states == [SourceState.LIVE, SourceState.STALLED, SourceState.LIVE]
    assert bench.told[1].reason.startswith("source 'a': no frame for 12.0 s (limit 10 s)")


def test_waiting_for_room_is_no_stall() -> None:
    pool = FramePool()
    bench = Bench(ScriptedSource(), FILE, realtime=False, stall_timeout_s=10)
    waits = iter([False, False, True, True, True])

    def wait_for_room(_timeout_s: float) -> bool:
        bench.clock.advance(8)
        return next(waits, True)

    bench.feeder._wait_for_room = wait_for_room
    bench.feeder._source = ScriptedSource([None, pool.frame(seq=0)])
    bench.feeder.run(bench.stop)
    assert bench.feeder.outcome is Outcome.ENDED


def test_a_live_source_does_not_ask_for_room() -> None:
    pool = FramePool()
    bench = Bench(ScriptedSource([pool.frame(seq=0)]), FILE)
    bench.has_room = False
    bench.feeder.run(bench.stop)
    assert bench.taken() == [0]


def test_the_newest_frames_of_a_live_source_win() -> None:
    pool = FramePool()
    frames = [pool.frame(seq=seq) for seq in range(10)]
    bench = Bench(ScriptedSource(frames), FILE, capacity=2)
    bench.feeder.run(bench.stop)
    assert pool.open_frames == {("a", 8), ("a", 9)}
    assert bench.told[-1].dropped == 8
    assert bench.taken() == [8, 9]


def test_a_lossless_source_waits_for_its_consumer_and_can_still_be_stopped() -> None:
    pool = FramePool()
    frames = [pool.frame(seq=seq) for seq in range(10)]
    bench = Bench(ScriptedSource(frames), FILE, capacity=2, realtime=False)
    worker = Worker("feeder", bench.feeder.run)
    worker.start()
    wait_until(lambda: len(bench.channel) == 2)
    worker.request_stop()
    bench.channel.discard()
    assert worker.join(WAIT_S)
    assert worker.error is None
    assert bench.feeder.outcome is Outcome.STOPPED
    assert pool.open_frames == {("a", seq) for seq in range(3, 10)}  # those it never read


def test_a_paused_camera_is_read_and_nothing_of_it_passed_on() -> None:
    pool = FramePool()

    def pause() -> None:
        bench.feeder.record.pause("paused")

    def resume() -> None:
        bench.feeder.record.resume()

    def stop() -> None:
        bench.stop.set()

    one, two, three, four = (pool.frame(seq=seq) for seq in range(4))
    bench = Bench(ScriptedSource([one, pause, two, three, resume, four, stop]))
    bench.feeder.run(bench.stop)
    assert pool.open_frames == {("a", 0), ("a", 3)}
    assert bench.taken() == [0, 3]
    assert bench.states == [SourceState.LIVE, SourceState.DISABLED, SourceState.LIVE]
    assert bench.feeder.record.status().dropped == 2


def test_a_paused_lossless_file_waits_and_loses_nothing() -> None:
    pool = FramePool()
    frames = [pool.frame(seq=seq) for seq in range(5)]
    bench = Bench(ScriptedSource(frames), FILE, realtime=False)
    bench.feeder.record.pause("paused")
    worker = Worker("feeder", bench.feeder.run)
    worker.start()
    wait_until(lambda: bench.source.opened)
    assert len(bench.channel) == 0
    bench.feeder.record.resume()
    assert worker.join(WAIT_S)
    assert bench.taken() == [0, 1, 2, 3, 4]


def test_an_unexpected_error_disables_the_source_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(ScriptedSource([ValueError("a bug")]))
    bench.feeder.run(bench.stop)
    assert bench.feeder.outcome is Outcome.FAILED
    assert bench.told[-1].reason == "internal error: a bug"
    assert not bench.channel.is_closed
    assert "source 'a': given up" in caplog.text


def test_what_the_source_says_of_itself_is_told_and_taken_back() -> None:
    pool = FramePool()
    bench = Bench(ScriptedSource())

    def says(note: str) -> Callable[[], None]:
        def say() -> None:
            bench.source.condition = SourceCondition("fakedec", note, quarantined=7)

        return say

    bench.source = bench.feeder._source = ScriptedSource(
        [pool.frame(seq=0), says("damaged"), pool.frame(seq=1), says(""), bench.stop.set]
    )
    bench.feeder.run(bench.stop)
    assert [(status.state, status.reason) for status in bench.told] == [
        (SourceState.LIVE, ""),
        (SourceState.DEGRADED, "damaged"),
        (SourceState.LIVE, ""),
    ]
    assert (bench.told[-1].decoder, bench.told[-1].quarantined) == ("fakedec", 7)


def test_a_camera_whose_picture_stands_still_is_degraded_and_opened_again_once() -> None:
    pool = FramePool()
    bench = Bench(ScriptedSource(), picture={"frozen_after_s": 4, "reopen_after_s": 10})

    def still(count: int) -> list[Step]:
        steps: list[Step] = []
        for _ in range(count):
            steps += [pool.frame(seq=77), lambda: bench.clock.advance(1)]
        return steps

    bench.feeder._source = ScriptedSource(still(20), [*still(30), bench.stop.set])
    bench.feeder.run(bench.stop)
    assert bench.states == [
        SourceState.LIVE,
        SourceState.DEGRADED,
        SourceState.STALLED,
        SourceState.DEGRADED,
    ]
    assert "s; opening it again, once" in bench.told[2].reason
    assert bench.told[-1].reconnects == 1


def test_a_file_may_stand_still_and_be_black() -> None:
    pool = FramePool()
    bench = Bench(ScriptedSource(), FILE)
    steps: list[Step] = []
    for _ in range(60):
        steps += [pool.frame(seq=0), lambda: bench.clock.advance(1)]
    bench.feeder._source = ScriptedSource(steps)
    bench.feeder.run(bench.stop)
    assert bench.states == [SourceState.LIVE, SourceState.ENDED]


def test_an_opening_that_is_interrupted_is_no_trouble() -> None:
    bench = Bench(ScriptedSource(InterruptedOpenError("stopped")))
    bench.feeder.run(bench.stop)
    assert bench.feeder.outcome is Outcome.STOPPED
    assert bench.told == []
