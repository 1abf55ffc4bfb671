"""A model lives on one thread; who waits for it waits for so long and no longer."""

import threading
from collections.abc import Callable, Iterator

import pytest

from edgedet.clock import SystemClock
from edgedet.detect.base import Detector
from edgedet.errors import ModelError
from edgedet.stream.runner import Runner
from tests.stream.fakes import WAIT_S, FakeDetector, fake_model, wait_until

Make = Callable[..., Runner]


@pytest.fixture
def make() -> Iterator[Make]:
    """Runners that end with the test."""
    runners: list[Runner] = []

    def make_one(detector: Callable[[], Detector], warm_up_size: int = 0) -> Runner:
        runner = Runner(
            "infer-2", fake_model(detector), lambda _runner, _error: None, SystemClock()
        )
        runners.append(runner)
        runner.start(warm_up_size)
        return runner

    yield make_one
    for runner in runners:
        assert runner.stop(WAIT_S)


def test_is_made_asked_and_closed_on_its_own_thread(make: Make) -> None:
    detector = FakeDetector()
    runner = make(lambda: detector, 4)
    runner.wait_until_loaded(WAIT_S)
    assert runner.backend == "fake"
    assert detector.sizes == [1, 1, 4]  # tried before anything waits for it
    assert runner.model.single_s is not None
    assert runner.call(lambda found: found is detector, WAIT_S)
    assert runner.stop(WAIT_S)
    assert runner.has_ended
    assert detector.threads == {"infer-2"}
    assert detector.is_closed


def test_a_model_that_is_slow_is_not_tried_in_batches(make: Make) -> None:
    is_over = threading.Event()
    detector = FakeDetector(lambda _size: (is_over.wait(0.3), None)[1])
    make(lambda: detector, 8).wait_until_loaded(WAIT_S)
    assert detector.sizes == [1, 1]


def test_what_does_not_load_says_why(make: Make) -> None:
    def fail() -> Detector:
        msg = "no such graph"
        raise ModelError(msg)

    with pytest.raises(ModelError, match="no such graph"):
        make(fail).wait_until_loaded(WAIT_S)


def test_what_a_task_raises_reaches_who_asked(make: Make) -> None:
    def fail(_detector: Detector) -> None:
        msg = "one thing"
        raise KeyError(msg)

    runner = make(FakeDetector)
    with pytest.raises(KeyError, match="one thing"):
        runner.call(fail, WAIT_S)
    assert runner.call(lambda _: 7, WAIT_S) == 7


def test_one_that_hangs_is_waited_for_no_longer_than_agreed(make: Make) -> None:
    goes_on = threading.Event()
    waited: list[int] = []
    runner = make(lambda: FakeDetector(lambda _size: (goes_on.wait(WAIT_S), None)[1]), 1)
    try:
        with pytest.raises(ModelError, match="did not answer within"):
            runner.call(lambda _: None, 0.05, lambda: waited.append(1))
        assert not runner.stop(0.05)
    finally:
        goes_on.set()


def test_an_interruption_ends_the_wait(make: Make) -> None:
    goes_on = threading.Event()

    class OtherThingsToDoError(Exception):
        pass

    def interrupt() -> None:
        raise OtherThingsToDoError

    runner = make(lambda: FakeDetector(lambda _size: (goes_on.wait(WAIT_S), None)[1]), 1)
    try:
        with pytest.raises(OtherThingsToDoError):
            runner.wait_until_loaded(WAIT_S, interrupt)
    finally:
        goes_on.set()


def test_what_was_asked_before_the_end_is_done(make: Make) -> None:
    """A batch may be handed over in the moment in which a model is freed."""
    goes_on, done = threading.Event(), threading.Event()
    runner = make(FakeDetector)
    runner.ask(lambda _: (goes_on.wait(WAIT_S), None)[1])
    runner.ask(lambda _: done.set())
    runner.request_stop()
    with pytest.raises(ModelError, match="was let go"):
        runner.ask(lambda _: None)
    goes_on.set()
    wait_until(lambda: runner.has_ended)
    assert done.is_set()
