"""Feeders that follow each other for one source."""

import threading
from collections.abc import Callable

import pytest

from edgedet.clock import SystemClock
from edgedet.config.source import SourceSettings
from edgedet.errors import SourceError
from edgedet.event import SourceState, SourceStatus
from edgedet.frame import Frame
from edgedet.source.base import FrameSource
from edgedet.stream.channel import Channel, Policy
from edgedet.stream.feeder import Feeder, Outcome
from edgedet.stream.record import SourceRecord
from edgedet.stream.relay import CHANGED, DISABLED, Relay, Renumbered
from edgedet.stream.worker import Worker
from tests.brokers import wait_until
from tests.stream.fakes import FramePool, NoDelay, ScriptedSource

CAMERA = "rtsp://10.0.0.5/1"


def _settings(**values: object) -> SourceSettings:
    return SourceSettings.model_validate({"id": "a", "uri": CAMERA, **values})


class Bench:
    """A relay on a thread; `sources` are made in turn, for the addresses that were asked for."""

    def __init__(self, *sources: FrameSource, **values: object) -> None:
        self.told: list[SourceStatus] = []
        self.asked: list[str] = []
        self._sources = iter(sources)
        self.channel = Channel[Frame](100, Policy.DROP_OLDEST, dispose=Frame.close)
        self.record = SourceRecord(
            "a",
            SystemClock(),
            on_change=self.told.append,
            dropped=lambda: 0,
            fps_inferred=lambda: 0.0,
        )
        self.relay = Relay(_settings(**values), self._make, self.channel, self.record)
        self.worker = Worker("source-a", self.relay.run)

    def _make(self, settings: SourceSettings, first_seq: int) -> Feeder:
        self.asked.append(settings.uri)
        source = next(self._sources)
        return Feeder(
            settings=settings,
            source=Renumbered(source, first_seq) if first_seq else source,
            channel=self.channel,
            record=self.record,
            delay=NoDelay(),
        )

    @property
    def state(self) -> SourceState:
        return self.record.status().state

    def taken(self) -> list[int]:
        seqs = []
        while (frame := self.channel.get_nowait()) is not None:
            seqs.append(frame.info.seq)
            frame.close()
        return seqs


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def _camera(pool: FramePool, frames: int, wait: Callable[[], object]) -> ScriptedSource:
    """So many frames, and then nothing for ever."""

    def steps() -> object:
        for seq in range(frames):
            yield pool.frame(seq=seq)
        while True:
            yield wait

    return ScriptedSource(steps())  # type: ignore[arg-type]


def test_another_camera_takes_over_and_numbers_go_on() -> None:
    pool = FramePool()
    pause = threading.Event()
    bench = Bench(
        _camera(pool, 3, lambda: pause.wait(0.01)), _camera(pool, 2, lambda: pause.wait(0.01))
    )
    bench.worker.start()
    assert wait_until(lambda: bench.record.decoded == 3)
    other = _settings(uri="rtsp://10.0.0.6/1")
    assert bench.relay.replace(other)
    assert wait_until(lambda: bench.record.decoded == 5)
    assert bench.worker.stop(5.0)
    assert bench.taken() == [0, 1, 2, 3, 4]
    assert bench.asked == [CAMERA, "rtsp://10.0.0.6/1"]
    assert bench.relay.settings == other
    states = [(status.state, status.reason) for status in bench.told]
    assert states == [
        (SourceState.LIVE, ""),
        (SourceState.RECONNECTING, CHANGED),
        (SourceState.LIVE, ""),
    ]
    assert bench.channel.is_closed
    assert pool.open_frames == set()


def test_disabled_and_enabled_again() -> None:
    pool = FramePool()
    pause = threading.Event()
    bench = Bench(_camera(pool, 1, lambda: pause.wait(0.01)), enabled=False)
    bench.worker.start()
    assert wait_until(lambda: bench.state is SourceState.DISABLED)
    assert bench.record.status().reason == DISABLED
    assert bench.asked == []
    bench.relay.replace(_settings())
    assert wait_until(lambda: bench.state is SourceState.LIVE)
    bench.relay.replace(_settings(enabled=False))
    assert wait_until(lambda: bench.state is SourceState.DISABLED)
    assert bench.worker.stop(5.0)
    assert bench.relay.outcome is Outcome.STOPPED
    bench.channel.discard()


def test_a_camera_that_is_away_is_replaced_while_it_is_waited_for() -> None:
    pool = FramePool()
    pause = threading.Event()

    class Slow(NoDelay):
        def next_s(self) -> float:
            return 1000.0

    bench = Bench(
        ScriptedSource(SourceError("nobody there")), _camera(pool, 1, lambda: pause.wait(0.01))
    )
    make = bench.relay._make_feeder
    bench.relay._make_feeder = lambda s, n: _with_delay(make(s, n), Slow())
    bench.worker.start()
    assert wait_until(lambda: bench.record.status().reason == "nobody there")
    bench.relay.replace(_settings(uri="rtsp://10.0.0.6/1"))
    assert wait_until(lambda: bench.state is SourceState.LIVE)
    assert bench.worker.stop(5.0)
    bench.channel.discard()


def _with_delay(feeder: Feeder, delay: NoDelay) -> Feeder:
    feeder._delay = delay
    return feeder


def test_what_has_ended_cannot_be_replaced() -> None:
    bench = Bench(ScriptedSource([FramePool().frame(seq=0)]), uri="file:///srv/a.avi")
    bench.worker.start()
    assert wait_until(lambda: bench.relay.outcome is Outcome.ENDED)
    assert not bench.relay.replace(_settings())
    assert bench.worker.stop(5.0)
    assert bench.channel.is_closed
    bench.channel.discard()
