"""Who is in use, who may be gone back to, and what becomes of models that hang."""

import threading
from collections.abc import Callable, Iterator

import pytest

from edgedet.clock import SystemClock
from edgedet.detect.base import Detector
from edgedet.errors import ModelError
from edgedet.stream.roster import Roster
from edgedet.stream.runner import Runner
from tests.stream.fakes import WAIT_S, FakeDetector, fake_model


class Bench:
    """A roster, and what it said of deaths."""

    def __init__(self) -> None:
        self.deaths: list[BaseException] = []
        self.roster = Roster(fake_model(name="first"), self.deaths.append, SystemClock())
        self.roster.in_use.start()

    def add(self, name: str, make: Callable[[], Detector] = FakeDetector) -> Runner:
        runner = self.roster.add(fake_model(make, name=name), 1)
        runner.wait_until_loaded(WAIT_S)
        return runner

    @property
    def name(self) -> str:
        return self.roster.in_use.model.identity.name


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A roster that is stopped in the end."""
    made = Bench()
    yield made
    assert made.roster.stop(WAIT_S)


def test_who_watches_is_told_of_every_change(bench: Bench) -> None:
    told: list[str] = []
    bench.roster.watch(lambda model: told.append(model.identity.name))
    second = bench.add("second")
    bench.roster.switch(second)
    bench.roster.back()
    third = bench.add("third")
    bench.roster.switch(third)
    bench.roster.fallback(third, RuntimeError("it broke"))
    assert told == ["second", "first", "third", "first"]


def test_a_candidate_is_not_in_use(bench: Bench) -> None:
    runner = bench.add("second")
    assert bench.name == "first"
    assert bench.roster.owner_of(runner.model) is bench.roster.in_use
    bench.roster.release(runner)
    bench.roster.release(runner)
    assert runner.has_ended


def test_each_answers_its_own_batches_as_long_as_it_is_there(bench: Bench) -> None:
    first, second = bench.roster.in_use, bench.add("second")
    bench.roster.switch(second)
    assert bench.roster.owner_of(first.model) is first
    assert bench.roster.owner_of(second.model) is second
    bench.roster.settle()
    assert first.has_ended
    assert not bench.roster.has_former
    assert bench.roster.owner_of(first.model) is second


def test_a_second_switch_lets_go_of_the_oldest(bench: Bench) -> None:
    first = bench.roster.in_use
    second, third = bench.add("second"), bench.add("third")
    bench.roster.switch(second)
    bench.roster.switch(third)
    assert first.has_ended
    bench.roster.back()
    assert bench.name == "second"
    assert third.has_ended


def test_what_was_released_cannot_be_used(bench: Bench) -> None:
    runner = bench.add("second")
    bench.roster.release(runner)
    with pytest.raises(ModelError, match="is no candidate"):
        bench.roster.switch(runner)
    assert bench.name == "first"


def test_the_figures_are_of_the_one_that_took_over(bench: Bench) -> None:
    bench.roster.in_use.tally.add_frame("a", 3)
    assert bench.roster.figures().sources["a"].objects == 3
    second = bench.add("second")
    bench.roster.switch(second)
    assert bench.roster.figures().sources == {}
    second.tally.add_frame("a", 1)
    substitute = bench.roster.fallback(second, RuntimeError("it broke\nsomewhere"))
    assert substitute is bench.roster.in_use
    assert bench.name == "first"
    assert bench.roster.figures().failure == "it broke"
    assert bench.roster.figures().sources["a"].objects == 1
    bench.roster.back()
    assert bench.roster.figures().failure == ""


def test_when_the_former_one_fails_the_new_one_answers(bench: Bench) -> None:
    first, second = bench.roster.in_use, bench.add("second")
    bench.roster.switch(second)
    assert bench.roster.fallback(first, RuntimeError("worn out")) is second
    assert not bench.roster.has_former
    assert bench.roster.figures().errors == 0
    assert bench.roster.fallback(second, RuntimeError("that too")) is None


def test_models_that_hang_are_left_behind_and_not_many_of_them(bench: Bench) -> None:
    goes_on = threading.Event()

    def hang() -> Detector:
        goes_on.wait(WAIT_S)
        return FakeDetector()

    try:
        for _ in range(2):
            runner = bench.roster.add(fake_model(hang, name="stuck"), 1)
            runner.request_stop()
        with pytest.raises(ModelError, match="2 others hang in their libraries; restart"):
            bench.roster.add(fake_model(), 1)
        assert not bench.roster.stop(0.05)
    finally:
        goes_on.set()


def test_after_the_end_nothing_is_loaded(bench: Bench) -> None:
    bench.roster.request_stop()
    with pytest.raises(ModelError, match="the service stops"):
        bench.roster.add(fake_model(), 1)


def test_the_death_of_a_candidate_is_its_own(bench: Bench) -> None:
    def fail() -> Detector:
        msg = "no such graph"
        raise ModelError(msg)

    with pytest.raises(ModelError, match="no such graph"):
        bench.add("second", fail)
    assert bench.deaths == []
