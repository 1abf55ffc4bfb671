"""Models change between two batches: every frame is answered once, in order, by one of them."""

import gc
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.clock import SystemClock
from edgedet.config.batch import BatchSettings
from edgedet.config.source import SourceSettings
from edgedet.errors import ModelError
from edgedet.frame import Frame
from edgedet.stream.batch import Inlet
from edgedet.stream.channel import Channel, Policy
from edgedet.stream.model import Model
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.runner import Runner
from edgedet.track.analysts import Analysts
from tests.stream.fakes import (
    WAIT_S,
    FakeDetector,
    FramePool,
    RecordingSink,
    fake_model,
    wait_until,
)

MAX_BATCH = 4


class Picky(FakeDetector):
    """Refuses pictures of another size than its own, and may fail at one of its batches."""

    def __init__(
        self,
        input_hw: tuple[int, int],
        before: Callable[[int], None] = lambda _size: None,
        fails_at: int | None = None,
    ) -> None:
        super().__init__(before)
        self.input_hw = input_hw
        self.fails_at = fails_at

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Fail where that was asked for."""
        assert images_nhwc.shape[1:3] == self.input_hw
        assert not self.is_closed
        if len(self.sizes) == self.fails_at:
            self.sizes.append(len(images_nhwc))
            msg = "the backend broke"
            raise ModelError(msg)
        return super().infer(images_nhwc)


class Bench:
    """A pipeline whose models can be changed."""

    def __init__(self, *names: str, detector: FakeDetector | None = None) -> None:
        self.pool = FramePool()
        self.sink = RecordingSink()
        self.ended = threading.Event()
        self.inlets = {
            name: Inlet(name, Channel[Frame](4, Policy.BLOCK, dispose=Frame.close), True)  # noqa: FBT003
            for name in names or ("a",)
        }
        sources = [SourceSettings(id=name, uri="test://ball") for name in self.inlets]
        self.first = detector or FakeDetector()
        self.pipeline = Pipeline(
            list(self.inlets.values()),
            fake_model(lambda: self.first, name="first"),
            self.sink,
            Analysts(sources, ("shade",), "6f1c2a90"),
            BatchSettings(max_size=MAX_BATCH),
            SystemClock(),
        )
        self.roster = self.pipeline.roster

    def start(self) -> None:
        self.pipeline.start(on_end=self.ended.set)

    def feed(self, name: str, seqs: range) -> None:
        for seq in seqs:
            frame = self.pool.frame(name, seq, arrival_s=time.monotonic())
            assert self.inlets[name].channel.put(frame, WAIT_S) or self.pipeline.has_ended

    def add(self, model: Model) -> Runner:
        runner = self.roster.add(model, MAX_BATCH)
        runner.wait_until_loaded(WAIT_S)
        return runner

    def end(self) -> None:
        for inlet in self.inlets.values():
            inlet.channel.close()
        assert self.ended.wait(WAIT_S)
        assert self.pipeline.stop(WAIT_S)
        assert self.pool.open_frames == set()

    def names(self, source_id: str = "a") -> list[str]:
        """Who answered, frame by frame."""
        results = [result for result in self.sink.results if result.frame.source_id == source_id]
        return [result.model.name if result.model else "" for result in results]


MakeBench = Callable[..., Bench]


@pytest.fixture
def make() -> Iterator[MakeBench]:
    """Benches that come to an end, whatever happens."""
    made: list[Bench] = []

    def make_one(*names: str) -> Bench:
        made.append(Bench(*names))
        return made[-1]

    yield make_one
    for bench in made:
        bench.pipeline.stop(WAIT_S)


def test_another_model_with_another_input_takes_over(make: MakeBench) -> None:
    bench = make()
    bench.start()
    bench.feed("a", range(1, 40))
    second = Picky((64, 96))
    runner = bench.add(fake_model(lambda: second, name="second", input_hw=(64, 96)))
    bench.roster.switch(runner)
    bench.feed("a", range(40, 80))
    bench.end()
    assert bench.sink.seqs("a") == list(range(1, 80))
    names = bench.names()
    assert names == sorted(names)  # the first one's, then the second one's
    assert {*names} == {"first", "second"}
    # what it saw is its own picture, at its place
    for result in bench.sink.results:
        assert result.detections.scores[0] == pytest.approx(result.frame.seq / 255, abs=1e-6)
        assert result.detections.boxes_xyxy[0].tolist() == [0, 0, 8, 6]
    assert bench.first.is_closed
    assert second.is_closed
    assert bench.first.threads == {"infer"}
    assert second.threads == {"infer-2"}


def test_the_former_model_is_kept_until_it_is_let_go(make: MakeBench) -> None:
    bench = make()
    bench.start()
    bench.feed("a", range(5))
    second = FakeDetector()
    bench.roster.switch(bench.add(fake_model(lambda: second, name="second")))
    bench.feed("a", range(5, 20))
    wait_until(lambda: len(bench.sink.results) == 20)
    assert bench.roster.has_former
    assert bench.first.threads == {"infer"}
    bench.roster.settle()
    bench.roster.settle()
    wait_until(lambda: bench.first.is_closed)
    bench.feed("a", range(20, 30))
    bench.end()
    assert bench.names()[-10:] == ["second"] * 10


@pytest.mark.parametrize("ends", ["settled", "taken back", "failed", "released"])
def test_nothing_of_a_model_that_is_gone_is_kept(make: MakeBench, ends: str) -> None:
    bench = make()
    bench.start()
    made: list[weakref.ref[Picky]] = []

    def detector() -> Picky:
        one = Picky((64, 64), fails_at=4 if ends == "failed" else None)
        made.append(weakref.ref(one))
        return one

    runner = bench.add(fake_model(detector, name="second", input_hw=(64, 64)))
    if ends == "released":
        bench.roster.release(runner)
    else:
        bench.roster.switch(runner)
        bench.feed("a", range(20))
    if ends == "taken back":
        bench.roster.back()
    if ends == "settled":
        bench.roster.switch(bench.add(fake_model(name="third")))
        bench.feed("a", range(20, 40))
        bench.roster.settle()
    del runner
    wait_until(lambda: (gc.collect(), made[0]())[1] is None)


def test_the_way_back_is_as_quick(make: MakeBench) -> None:
    bench = make()
    bench.start()
    second = FakeDetector()
    bench.roster.switch(bench.add(fake_model(lambda: second, name="second", input_hw=(64, 64))))
    bench.feed("a", range(10))
    bench.roster.back()
    bench.roster.back()
    wait_until(lambda: second.is_closed)
    bench.feed("a", range(10, 20))
    bench.end()
    assert bench.sink.seqs("a") == list(range(20))
    assert bench.names()[-5:] == ["first"] * 5


@pytest.mark.parametrize("input_hw", [(32, 32), (96, 64)])
def test_a_batch_that_the_new_model_fails_to_answer_is_the_old_ones(
    make: MakeBench, input_hw: tuple[int, int]
) -> None:
    bench = make()
    bench.start()
    second = Picky(input_hw, fails_at=5)  # two or three of them to warm up
    runner = bench.add(fake_model(lambda: second, name="second", input_hw=input_hw))
    bench.roster.switch(runner)
    bench.feed("a", range(1, 60))
    bench.end()
    assert bench.pipeline.error is None
    assert bench.sink.seqs("a") == list(range(1, 60))
    names = bench.names()
    assert names == sorted(names, key=["second", "first"].index)
    assert "second" in names
    for result in bench.sink.results:  # painted anew or not, it is the same picture
        assert result.detections.scores[0] == pytest.approx(result.frame.seq / 255, abs=1e-6)
        assert result.detections.boxes_xyxy[0].tolist() == [0, 0, 8, 6]
    assert second.is_closed
    assert second.threads == {"infer-2"}
    figures = bench.roster.figures()
    assert (figures.errors, figures.failure) == (1, "the backend broke")
    assert figures.batches == len(second.sizes) - 3  # what warmed it up does not count


def test_a_candidate_that_hangs_holds_up_no_frame_and_no_stop(make: MakeBench) -> None:
    bench = make()
    bench.start()
    goes_on = threading.Event()

    def hang(_size: int) -> None:
        goes_on.wait(WAIT_S)

    try:
        runner = bench.roster.add(fake_model(lambda: FakeDetector(hang), name="stuck"), 1)
        bench.feed("a", range(20))
        with pytest.raises(ModelError, match="did not answer within"):
            runner.wait_until_loaded(0.05)
        bench.inlets["a"].channel.close()
        assert bench.ended.wait(WAIT_S)
        start_s = time.monotonic()
        assert not bench.pipeline.stop(WAIT_S)  # somebody has to leave without it
        assert time.monotonic() - start_s < WAIT_S / 2
    finally:
        goes_on.set()
    assert bench.sink.seqs("a") == list(range(20))
    assert bench.pipeline.stop(WAIT_S)


def test_without_a_former_model_a_failure_is_the_end(make: MakeBench) -> None:
    bench = make()
    bench.start()
    second = Picky((32, 32), fails_at=4)
    bench.roster.switch(bench.add(fake_model(lambda: second, name="second")))
    bench.roster.settle()
    bench.feed("a", range(4))
    bench.inlets["a"].channel.close()
    assert bench.ended.wait(WAIT_S)
    assert isinstance(bench.pipeline.error, ModelError)
    assert bench.pipeline.stop(WAIT_S)


@pytest.mark.parametrize("seed", range(3))
def test_whenever_models_change_each_frame_is_answered_once_and_in_order(
    make: MakeBench, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    bench = make("a", "b", "c")
    bench.start()
    count, sizes = 250, [(32, 32), (64, 96), (96, 64)]
    feeders = [
        threading.Thread(target=bench.feed, args=(name, range(count))) for name in bench.inlets
    ]
    for feeder in feeders:
        feeder.start()
    detectors = [bench.first]
    changes = 0
    while any(feeder.is_alive() for feeder in feeders) and changes < 60:
        changes += 1
        act = chance.choice(["switch", "switch", "back", "settle", "fail", "release"])
        if act == "back":
            bench.roster.back()
        elif act == "settle":
            bench.roster.settle()
        else:
            hw = chance.choice(sizes)
            fails_at = 3 + chance.randrange(4) if act == "fail" else None
            detector = Picky(hw, fails_at=fails_at)
            detectors.append(detector)
            runner = bench.add(fake_model(lambda d=detector: d, name=f"m{changes}", input_hw=hw))  # type: ignore[misc]
            if act == "release":
                bench.roster.release(runner)
                continue
            bench.roster.switch(runner)
            if act == "fail":
                wait_until(
                    lambda: (
                        bench.roster.figures().errors
                        or not any(feeder.is_alive() for feeder in feeders)
                    )
                )
        time.sleep(chance.random() * 0.004)
    for feeder in feeders:
        feeder.join(WAIT_S)
    bench.end()
    assert bench.pipeline.error is None
    assert changes > 3
    for name in bench.inlets:
        assert bench.sink.seqs(name) == list(range(count))
    assert len({*bench.names("a"), *bench.names("b")}) > 1
    assert bench.pipeline.stats.frames == 3 * count
    assert all(detector.is_closed for detector in detectors)
    assert all(len(detector.threads) <= 1 for detector in detectors)
