"""A second model sees what the first sees, unheard, and whatever it does holds nobody up."""

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.clock import SystemClock
from edgedet.detections import SeenFrame
from edgedet.errors import ModelError
from edgedet.rollout.base import RunFigures
from edgedet.stream.run_tally import Run, RunTally
from edgedet.stream.runner import Runner
from edgedet.stream.shadow import Shadow, _SideBySide
from tests.stream.fakes import WAIT_S, FakeDetector, fake_model, wait_until
from tests.stream.test_serving import Bench, Picky


class Blind(FakeDetector):
    """Sees nothing."""

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates without a score."""
        found = super().infer(images_nhwc)
        found[..., 4] = 0.0
        return found


class Overflowing(FakeDetector):
    """Computes what is not a number."""

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates, one of which is none."""
        found = super().infer(images_nhwc)
        found[0, 0, 4] = np.nan
        return found


class EnoughError(Exception):
    """There is something else to do."""


class Scene:
    """A pipeline that is fed until the test is over."""

    def __init__(self) -> None:
        self.bench = Bench("a", "b")
        self.bench.start()
        self.is_over = threading.Event()
        self.feeder = threading.Thread(target=self._feed)
        self.feeder.start()
        self.heard: list[tuple[SeenFrame, NDArray[np.float32]]] = []

    def end(self) -> None:
        self.is_over.set()
        self.feeder.join(WAIT_S)
        self.bench.end()

    def shadow(self, candidate: Runner, hang_s: float = WAIT_S) -> Shadow:
        """A run that tells what it sees."""
        pipeline = self.bench.pipeline
        made = Shadow(
            pipeline.tap,
            pipeline.roster.in_use,
            candidate,
            SystemClock(),
            lambda seen, found: self.heard.append((seen, found)),
        )
        made.hang_s = hang_s
        return made

    def _feed(self) -> None:
        seq = 1
        while not self.is_over.wait(0.005):
            for name in self.bench.inlets:
                self.bench.feed(name, range(seq, seq + 1))
            seq += 1


@pytest.fixture
def scene() -> Iterator[Scene]:
    """One that comes to its end, whatever happens."""
    made = Scene()
    try:
        yield made
    finally:
        made.end()


def _pause(scene: Scene, frames: int) -> Callable[[float], None]:
    """Waits as asked, until so many frames were compared."""

    def pause(seconds: float) -> None:
        if len(scene.heard) >= frames:
            raise EnoughError
        time.sleep(min(seconds, 0.01))

    return pause


def test_a_model_that_sees_the_same_agrees(scene: Scene) -> None:
    second = Picky((64, 96))
    runner = scene.bench.add(fake_model(lambda: second, name="second", input_hw=(64, 96)))

    figures = scene.shadow(runner).run(1.2, time.sleep)

    assert figures.new.pictures >= 2
    assert figures.agreed == figures.compared == 2 * figures.new.pictures
    assert figures.old.sources == figures.new.sources
    assert {*figures.new.sources} == {"a", "b"}  # each its turn
    assert figures.new.errors == 0
    assert figures.old.pictures > 0
    assert figures.new.p99_s >= figures.new.p50_s > 0
    assert figures.old.p50_s > 0
    assert len(scene.heard) == figures.new.pictures
    assert second.threads == {"infer-2"}
    seen, found = scene.heard[0]
    assert found[0, 4] == pytest.approx(seen.frame.info.seq % 256 / 255, abs=1e-6)
    assert found[0, :4].tolist() == [0, 0, 8, 6]
    assert scene.bench.names("a")[-1] == "first"


def test_a_model_that_sees_nothing_does_not(scene: Scene) -> None:
    runner = scene.bench.add(fake_model(Blind, name="second"))
    figures = scene.shadow(runner).run(0.6, time.sleep)
    assert figures.agreed == 0
    assert figures.compared == sum(each.frames for each in figures.new.sources.values()) > 0
    assert all(each.objects == 0 for each in figures.new.sources.values())


def test_its_failure_ends_the_run_and_nothing_else(scene: Scene) -> None:
    runner = scene.bench.add(fake_model(lambda: Picky((32, 32), fails_at=4), name="second"))
    figures = scene.shadow(runner).run(WAIT_S, time.sleep)
    assert (figures.new.errors, figures.new.failure) == (1, "the backend broke")
    before = len(scene.bench.sink.results)
    wait_until(lambda: len(scene.bench.sink.results) > before)


def test_one_that_hangs_is_left_behind_and_the_frames_go_on(scene: Scene) -> None:
    goes_on, is_tried = threading.Event(), threading.Event()

    def hang(_size: int) -> None:
        if is_tried.is_set():
            goes_on.wait(WAIT_S)

    runner = scene.bench.add(fake_model(lambda: FakeDetector(hang), name="second"))
    is_tried.set()
    try:
        with pytest.raises(ModelError, match="did not answer within"):
            scene.shadow(runner, hang_s=0.2).run(WAIT_S, time.sleep)
        before = len(scene.bench.sink.results)
        wait_until(lambda: len(scene.bench.sink.results) > before + 10)
        with pytest.raises(ModelError):
            scene.bench.roster.switch(runner)
        assert scene.bench.names("a")[-1] == "first"
    finally:
        goes_on.set()


def test_what_interrupts_it_is_let_pass_and_nobody_listens_afterwards(scene: Scene) -> None:
    runner = scene.bench.add(fake_model(name="second"))
    with pytest.raises(EnoughError):
        scene.shadow(runner).run(WAIT_S, _pause(scene, 2))
    copied = scene.bench.pipeline.tap.copied
    before = len(scene.bench.sink.results)
    wait_until(lambda: len(scene.bench.sink.results) > before + 10)
    assert scene.bench.pipeline.tap.copied <= copied + 2


def test_times_are_of_runs_side_by_side_if_there_are_enough() -> None:
    used = RunTally()
    watch = _SideBySide(used, 0.0)
    for second in range(40):
        used.add_run(Run(second + 0.1, second + 0.3, 1))  # beside the other: 0.2 s
        used.add_run(Run(second + 0.6, second + 0.7, 1))  # alone: 0.1 s
        watch.add(Run(second + 0.2, second + 0.4, 1))
    figures = watch.figures(RunTally())
    assert figures.infer_s / figures.pictures == pytest.approx(0.2)
    assert figures.pictures == 40


def test_with_few_runs_side_by_side_all_of_them_count() -> None:
    used = RunTally()
    watch = _SideBySide(used, 0.0)
    for second in range(40):
        used.add_run(Run(second + 0.6, second + 0.7, 2))
    watch.add(Run(100.0, 100.2, 1))
    figures = watch.figures(RunTally())
    assert (figures.pictures, figures.batches) == (80, 40)
    assert watch.figures(RunTally()) != RunFigures()


def test_answers_that_cannot_be_are_an_error(scene: Scene) -> None:
    runner = scene.bench.add(fake_model(Overflowing, name="second"))

    figures = scene.shadow(runner).run(WAIT_S, time.sleep)

    assert figures.new.errors == 1
    assert "candidates that are not finite" in figures.new.failure
