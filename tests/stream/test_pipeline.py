"""Every frame is answered once and in order, stages overlap, and a dead detector is the end."""

import threading
import time
from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.analytics import EndReason
from edgedet.clock import SystemClock
from edgedet.config.batch import BatchSettings
from edgedet.config.objects import TrackSettings
from edgedet.config.source import SourceSettings
from edgedet.detect.base import Detector
from edgedet.errors import ModelError, PublishError
from edgedet.frame import Frame
from edgedet.stream.batch import Inlet
from edgedet.stream.channel import Channel, Policy
from edgedet.stream.model import Thresholds
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.stats import Stage
from edgedet.track.analysts import Analysts
from tests.stream.fakes import (
    WAIT_S,
    FakeClock,
    FakeDetector,
    FramePool,
    RecordingSink,
    fake_model,
    wait_until,
)

SETTINGS = BatchSettings(max_size=4)


def _analysts(names: Iterable[str], *, tracks: bool) -> Analysts:
    track = TrackSettings(enabled=tracks)
    sources = [SourceSettings(id=name, uri="test://ball", track=track) for name in names]
    return Analysts(sources, ("shade",), "6f1c2a90")


class Bench:
    """A pipeline with its inlets and what comes out."""

    def __init__(
        self,
        detector: FakeDetector | Exception,
        *names: str,
        capacity: int = 4,
        tracks: bool = False,
    ) -> None:
        self.pool = FramePool()
        self.sink = RecordingSink()
        self.ended = threading.Event()
        self._capacity = capacity
        self.inlets = {name: self._inlet(name) for name in names or ("a",)}
        self._detector = detector
        self.analysts = _analysts(self.inlets, tracks=tracks)
        self.pipeline = Pipeline(
            list(self.inlets.values()),
            fake_model(self._make),
            self.sink,
            self.analysts,
            SETTINGS,
            SystemClock(),
        )

    def _make(self) -> Detector:
        if isinstance(self._detector, Exception):
            raise self._detector
        return self._detector

    def _inlet(self, name: str) -> Inlet:
        channel = Channel[Frame](self._capacity, Policy.BLOCK, dispose=Frame.close)
        return Inlet(name, channel, is_lossless=True)

    def add(self, name: str) -> None:
        source = SourceSettings(id=name, uri="test://ball", track=TrackSettings(enabled=False))
        self.analysts.put(source)
        self.inlets[name] = self._inlet(name)
        assert self.pipeline.add(self.inlets[name])

    def start(self) -> None:
        self.pipeline.start(on_end=self.ended.set)

    def feed(self, name: str, seqs: range) -> None:
        for seq in seqs:
            frame = self.pool.frame(name, seq, arrival_s=time.monotonic())
            assert self.inlets[name].channel.put(frame, WAIT_S)

    def end(self) -> None:
        for inlet in self.inlets.values():
            inlet.channel.close()
        assert self.ended.wait(WAIT_S)
        assert self.pipeline.stop(WAIT_S)


def test_every_frame_is_answered_once_and_in_order() -> None:
    detector = FakeDetector()
    bench = Bench(detector, "a", "b")
    bench.start()
    for start in range(0, 60, 10):
        bench.feed("a", range(start, start + 10))
        bench.feed("b", range(start, start + 10))
    bench.end()
    assert bench.sink.seqs("a") == bench.sink.seqs("b") == list(range(60))
    assert bench.pipeline.error is None
    assert bench.pipeline.has_ended
    assert bench.pipeline.backend == "fake"
    assert detector.is_closed
    assert detector.threads == {"infer"}
    assert max(detector.sizes) <= 4
    assert bench.pipeline.stats.frames == 120
    assert bench.pool.open_frames == set()


def test_answers_belong_to_their_own_picture() -> None:
    bench = Bench(FakeDetector())
    bench.start()
    bench.feed("a", range(1, 101))
    bench.end()
    for result in bench.sink.results:
        assert len(result.detections) == 1
        assert result.detections.scores[0] == pytest.approx(result.frame.seq / 255, abs=1e-6)
        assert result.detections.boxes_xyxy[0].tolist() == [0, 0, 8, 6]


def test_thresholds_can_be_set_while_it_runs() -> None:
    bench = Bench(FakeDetector())
    bench.start()
    bench.feed("a", range(100, 101))
    wait_until(lambda: len(bench.sink.results) == 1)
    bench.pipeline.thresholds = Thresholds(score=0.5, iou=0.45)
    bench.feed("a", range(101, 102))
    bench.feed("a", range(200, 201))
    bench.end()
    assert [len(result.detections) for result in bench.sink.results] == [1, 0, 1]


def test_subscribers_are_told_what_runs_the_model_once_it_is_loaded() -> None:
    bench = Bench(FakeDetector())
    assert "backend" not in bench.pipeline.detector_figures()
    bench.start()
    bench.end()
    assert bench.pipeline.detector_figures()["backend"] == "fake"


def test_skipped_counts_the_frames_between_two_answers() -> None:
    bench = Bench(FakeDetector())
    bench.start()
    for seq in (2, 3, 7, 8):
        bench.feed("a", range(seq, seq + 1))
    bench.end()
    assert [result.skipped for result in bench.sink.results] == [2, 0, 3, 0]


def test_stage_times_are_in_order_and_counted() -> None:
    bench = Bench(FakeDetector(lambda _size: time.sleep(0.005)))
    bench.start()
    bench.feed("a", range(10))
    bench.end()
    for result in bench.sink.results:
        assert result.frame.arrival_s <= result.batched_s <= result.infer_start_s
        assert result.infer_start_s + 0.005 <= result.infer_end_s + 1e-4
    stages = bench.pipeline.stats.stages()
    assert {stage: value.count for stage, value in stages.items()} == dict.fromkeys(Stage, 10)


def test_the_next_batch_is_painted_while_the_backend_runs() -> None:
    painted_meanwhile = threading.Event()
    bench = Bench(FakeDetector())

    def during(_size: int) -> None:
        if bench.pipeline.stats.frames == 0:
            bench.feed("a", range(1, 5))
            wait_until(lambda: len(bench.inlets["a"].channel) == 0)
            painted_meanwhile.set()

    bench._detector = FakeDetector(during)
    bench.start()
    bench.feed("a", range(1))
    assert painted_meanwhile.wait(WAIT_S)
    bench.end()
    assert bench.sink.seqs("a") == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("dies", ["at the start", "in a batch", "in the sink"])
def test_a_failure_ends_the_pipeline_and_is_told(dies: str) -> None:
    error: Exception = ModelError("the backend broke")

    def fail(_size: int) -> None:
        raise error

    bench = Bench(FakeDetector(fail) if dies == "in a batch" else FakeDetector())
    if dies == "at the start":
        bench._detector = error
    if dies == "in the sink":
        error = bench.sink.error = PublishError("disk full")
    bench.start()
    bench.feed("a", range(4))
    assert bench.ended.wait(WAIT_S)
    assert bench.pipeline.error is error
    assert bench.pipeline.stop(WAIT_S)
    assert bench.pool.open_frames == set()


def test_stop_ends_it_in_the_middle_and_lets_go_of_all_frames() -> None:
    bench = Bench(FakeDetector(lambda _size: time.sleep(0.01)), capacity=64)
    bench.start()
    bench.feed("a", range(64))
    wait_until(lambda: bench.sink.results)
    assert bench.pipeline.stop(WAIT_S)
    assert bench.pipeline.stop(WAIT_S)
    assert bench.pool.open_frames == set()
    assert bench.sink.seqs("a") == list(range(len(bench.sink.results)))


def test_sources_without_frames_end_it_too() -> None:
    bench = Bench(FakeDetector(), "a", "b")
    bench.start()
    bench.end()
    assert bench.sink.results == []
    assert bench.pipeline.error is None


class CrowdedDetector(FakeDetector):
    """Finds 400 boxes of a pixel each in a picture of 32 x 32."""

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The same for each picture."""
        row, column = np.divmod(np.arange(400), 20)
        boxes = np.stack([column, row, column + 1, row + 1], axis=1) * 1.5
        rest = np.tile([0.5, 0.0, 0.0], (400, 1))
        found = np.hstack([boxes, rest]).astype(np.float32)
        return np.repeat(found[None], len(images_nhwc), axis=0)


def test_more_objects_than_a_message_holds_reach_the_sink_which_counts_them() -> None:
    bench = Bench(CrowdedDetector())
    bench.start()
    bench.feed("a", range(1))
    bench.end()
    assert len(bench.sink.results[0].detections) > 300


def test_an_answer_that_comes_too_late_is_withheld_and_counted() -> None:
    """The first run is slow without warning; what comes after it is told in `skipped`."""
    batch = BatchSettings(latency_budget_ms=200)
    clock, detector = FakeClock(), FakeDetector()
    inlet = Inlet("a", Channel[Frame](2, Policy.DROP_OLDEST, dispose=Frame.close))
    sink, pool, stepped = RecordingSink(), FramePool(), [0.5, 0.1]
    detector._before = lambda _size: clock.advance(stepped.pop(0))
    analysts = _analysts(["a"], tracks=False)
    pipeline = Pipeline([inlet], fake_model(lambda: detector), sink, analysts, batch, clock)
    pipeline.start()
    inlet.channel.put(pool.frame("a", 0, arrival_s=clock.monotonic()))
    wait_until(lambda: pipeline.stats.withheld == 1)
    inlet.channel.put(pool.frame("a", 1, arrival_s=clock.monotonic()))
    wait_until(lambda: sink.results)
    inlet.channel.close()
    wait_until(lambda: pipeline.has_ended)
    assert pipeline.stop(WAIT_S)
    assert [(result.frame.seq, result.skipped) for result in sink.results] == [(1, 1)]
    assert pipeline.stats.sources["a"].left_out == pipeline.stats.withheld == 1


def test_tracks_and_events_go_through_the_whole_pipeline() -> None:
    bench = Bench(FakeDetector(), tracks=True)
    bench.start()
    bench.feed("a", range(150, 160))
    bench.end()
    assert [result.tracks for result in bench.sink.results[3:]] == [("6f1c-1",)] * 7
    assert [event.type.value for event in bench.sink.events] == ["start", "end"]
    assert bench.sink.events[-1].reason is EndReason.SOURCE_ENDED


def test_a_stop_ends_tracks_as_stopped() -> None:
    bench = Bench(FakeDetector(), tracks=True)
    bench.start()
    bench.feed("a", range(150, 160))
    wait_until(lambda: bench.sink.events)
    assert bench.pipeline.stop(WAIT_S)
    assert bench.sink.events[-1].reason is EndReason.STOPPED


def test_a_source_comes_and_goes_while_it_runs() -> None:
    bench = Bench(FakeDetector(), "a", "b")
    bench.start()
    bench.feed("a", range(5))
    bench.add("c")
    bench.feed("c", range(5))
    wait_until(lambda: len(bench.sink.results) == 10)
    bench.pipeline.remove("c")
    assert not bench.inlets["c"].channel.put(bench.pool.frame("c", 5), WAIT_S)
    bench.add("c")
    bench.feed("c", range(6, 9))
    bench.end()
    assert bench.sink.seqs("c") == [0, 1, 2, 3, 4, 6, 7, 8]
    assert bench.pipeline.stats.sources["c"].figures(0.0).detected == 8
    assert bench.pool.open_frames == set()
    assert not bench.pipeline.add(bench.inlets["c"])


def test_nothing_under_way_of_a_source_that_went_is_handed_over() -> None:
    gate = threading.Event()

    def wait(_size: int) -> None:
        gate.wait(WAIT_S)

    detector = FakeDetector(wait)
    bench = Bench(detector, "a", "b")
    bench.start()
    bench.feed("b", range(1))
    wait_until(lambda: detector.sizes != [])
    bench.pipeline.remove("b")
    gate.set()
    bench.feed("a", range(3))
    bench.end()
    assert bench.sink.seqs("b") == []
    assert bench.sink.seqs("a") == [0, 1, 2]
    assert bench.pipeline.stats.sources["b"].left_out == 1
