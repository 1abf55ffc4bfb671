"""Live sources keep their newest frames, lossless ones all."""

import logging
import threading

import pytest

from edgedet.clock import SystemClock
from edgedet.config.source import SourceSettings
from edgedet.event import SourceLimit
from edgedet.feeds import Feeds, make_inlet
from edgedet.frame import Frame
from edgedet.source.base import SourceCondition
from edgedet.stream.feeder import Outcome
from edgedet.stream.reporter import StatusReporter
from edgedet.stream.stats import PipelineStats
from tests.runs import PATTERN
from tests.stream.fakes import WAIT_S, FramePool, RecordingSink, wait_until


def _source(uri: str, **settings: object) -> SourceSettings:
    return SourceSettings.model_validate({"id": "a", "uri": uri, **settings})


def test_the_inlet_of_a_live_source_drops_the_oldest() -> None:
    inlet = make_inlet(_source("rtsp://10.0.0.5/1"))
    pool = FramePool()
    for seq in range(5):
        assert inlet.channel.put(pool.frame(seq=seq), 0)
    assert not inlet.is_lossless
    assert pool.open_frames == {("a", 3), ("a", 4)}
    inlet.channel.discard()


def test_the_inlet_of_a_lossless_source_refuses_when_full() -> None:
    inlet = make_inlet(_source("file:///a.avi", realtime=False))
    pool = FramePool()
    taken = [inlet.channel.put(pool.frame(seq=seq), 0) for seq in range(5)]
    assert inlet.is_lossless
    assert taken == [True, True, True, True, False]
    inlet.channel.discard()


def test_feeds_a_real_source_and_knows_how_it_does() -> None:
    clock = SystemClock()
    settings = _source(f"{PATTERN}&frames=3", realtime=False)
    inlet = make_inlet(settings)
    reporter = StatusReporter(RecordingSink(), 30, clock)
    stats = PipelineStats(("a",))
    feeds = Feeds([(settings, inlet)], stats, reporter, lambda _timeout_s: True, clock)
    feeds.start()
    wait_until(lambda: inlet.channel.is_closed)
    assert feeds.stop(WAIT_S)
    view = feeds.views(clock.monotonic())[0]
    assert (view.outcome, view.decoded, feeds.failed) == (Outcome.ENDED, 3, ())
    assert inlet.channel.discard() == 3


def test_the_inlet_knows_priority_and_rate_of_its_source() -> None:
    inlets = [
        make_inlet(_source("rtsp://10.0.0.5/1", priority=3, max_fps=10)),
        make_inlet(_source("file:///a.avi", realtime=False, max_fps=10)),
    ]
    assert [(inlet.priority, inlet.max_fps) for inlet in inlets] == [(3.0, 10.0), (1.0, None)]


def test_limits_reach_the_status_of_their_source_and_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    clock = SystemClock()
    settings = _source("rtsp://10.0.0.5/1")
    inlet = make_inlet(settings)
    reporter = StatusReporter(RecordingSink(), 30, clock)
    stats = PipelineStats(("a",))
    feeds = Feeds([(settings, inlet)], stats, reporter, lambda _timeout_s: True, clock)
    stats.leave_out("a")
    feeds.limited("a", SourceLimit(5.0, "too much"))
    feeds.limited("b", SourceLimit(6.0, "not here"))
    status = feeds.records[0].status()
    assert (status.limit, status.dropped) == (SourceLimit(5.0, "too much"), 1)
    feeds.limited("a", SourceLimit(4.0, "more"))
    feeds.limited("a", None)
    feeds.limited("a", SourceLimit(0.0, "the detector takes too long"))
    told = [(r.levelname, r.getMessage()) for r in caplog.records if "'a'" in r.getMessage()]
    assert told == [
        ("INFO", "source 'a': limited to 5.0 fps: too much"),
        ("INFO", "source 'a': the detector can do all its frames"),
        ("WARNING", "source 'a': limited to 0.0 fps: the detector takes too long"),
    ]


class HangingSource:
    """Hangs in its driver until told."""

    condition = SourceCondition()

    def __init__(self) -> None:
        self.hangs = threading.Event()
        self.is_free = threading.Event()

    def open(self, timeout_s: float, stop: threading.Event | None = None) -> None:
        assert timeout_s
        assert stop
        self.hangs.set()
        self.is_free.wait(WAIT_S)

    def read(self, timeout_s: float) -> Frame | None:
        self.is_free.wait(timeout_s)
        return None

    def close(self) -> None:
        pass


def test_a_source_that_hangs_is_left_behind_when_it_is_removed() -> None:
    clock, hanging, sink = SystemClock(), HangingSource(), RecordingSink()
    settings = _source("rtsp://10.0.0.5/1")
    stats, reporter = PipelineStats(("a",)), StatusReporter(sink, 30, clock)
    feeds = Feeds(
        [(settings, make_inlet(settings))],
        stats,
        reporter,
        lambda _timeout_s: True,
        clock,
        lambda _settings, _clock: hanging,
    )
    feeds.start()
    assert hanging.hangs.wait(WAIT_S)  # a thread that has not come that far would just end
    feeds.remove("a", 0.0)
    assert feeds.records == ()
    assert feeds.workers == ()
    assert feeds.find("a") is None
    assert not feeds.stop(0.0)
    hanging.is_free.set()
    assert feeds.stop(WAIT_S)
