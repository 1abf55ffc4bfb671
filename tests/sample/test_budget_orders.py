"""Hostile orders: whatever the clock, restarts and settings do, no window has more than allowed.

Every frame that is kept is looked at with those before it, in true time: as many as the limits that
hold then allow, for the device, its source and the class that paid. A step of the clock while no
service runs is left out where it leads ahead: nobody can tell it from time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgedet.config.sampling import LimitSettings
from edgedet.sample.budget import PERIOD_S, Budget
from edgedet.sample.ledger import Ledger
from tests.sample.fakes import SteppingClock

SOURCES, CLASSES, STRATEGIES = ("gate", "dock"), ("person", "car"), ("unsure", "rare")


class Kept(NamedTuple):
    """A frame, when in true seconds, and who paid."""

    at_s: float
    strategy: str
    source: str
    name: str


class World:
    """A device over restarts; its settings may be others after each."""

    def __init__(
        self, folder: Path, own: list[LimitSettings], general: list[LimitSettings]
    ) -> None:
        self.clock = SteppingClock()
        self.own, self.general = own, general
        self.kept: list[Kept] = []
        self._folder = folder
        self._budget, self._ledger = self._opened()

    def restart(self) -> None:
        self._ledger.close()
        self._budget, self._ledger = self._opened()

    def look(self) -> None:
        self._budget.follow_clock()

    def ask(self, who: int, between: Callable[[], None]) -> None:
        """Keep a frame if it may be; `between` happens while its picture is encoded."""
        strategy, source = STRATEGIES[who % 2], SOURCES[who // 2 % 2]
        names = (CLASSES[who // 4 % 2], CLASSES[1 - who // 4 % 2])[: 1 + who // 8 % 2]
        payer = self._budget.payer(strategy, self.own, source, names)
        if payer is None:
            return
        between()
        self._budget.spend(strategy, source, payer)
        self.kept.append(Kept(self.clock.now_s, strategy, source, payer))
        for limit in self.own:
            self._check(limit, strategy)
        for limit in self.general:
            self._check(limit, None)

    def _check(self, limit: LimitSettings, strategy: str | None) -> None:
        last = self.kept[-1]
        found = [
            each
            for each in self.kept
            if each.at_s > last.at_s - PERIOD_S[limit.type]
            and (strategy is None or each.strategy == strategy)
            and (limit.per != "source" or each.source == last.source)
            and (limit.per != "class" or each.name == last.name)
        ]
        assert len(found) <= limit.value, (limit, found)

    def _opened(self) -> tuple[Budget, Ledger]:
        ledger = Ledger(self._folder)
        return Budget(ledger, self.general, self.clock), ledger


rule = st.builds(
    lambda kind, value, per: LimitSettings.model_validate(
        {"type": kind, "value": value, "per": per}
    ),
    st.sampled_from(tuple(PERIOD_S)),
    st.integers(1, 3),
    st.sampled_from(("device", "source", "class")),
)
limits = st.lists(rule, min_size=1, max_size=2)
steps = st.one_of(st.floats(-1.9, 1.9), st.floats(-200_000, 200_000), st.just(3600.0))
who = st.integers(0, 15)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), who),
        st.tuples(st.just("ask"), who),
        st.tuples(st.just("wait"), st.sampled_from((1, 57, 59, 61, 3597, 3600, 43_200, 86_398))),
        st.tuples(st.just("step"), steps),
        st.tuples(st.just("step while it is kept"), steps),
        st.tuples(st.just("restart"), st.floats(-200_000, 0)),
        st.tuples(st.just("settings"), st.tuples(limits, limits)),
    ),
    max_size=50,
)


def _act(world: World, act: str, value: object) -> None:
    if act == "ask":
        assert isinstance(value, int)
        world.ask(value, lambda: None)
    elif act == "settings":
        assert isinstance(value, tuple)
        world.own, world.general = value
        world.look()
        world.restart()
    else:
        assert isinstance(value, int | float)
        if act == "wait":
            world.clock.advance(value)
        elif act == "step":
            world.clock.step(seconds=value)
            world.look()  # as the sampler does twice a second
        elif act == "step while it is kept":
            for number in range(4):
                world.ask(number, lambda: world.clock.step(seconds=value))
        else:
            world.look()
            world.clock.step(seconds=value)
            world.restart()


@given(limits, limits, acts)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_window_has_more_than_the_limits_that_hold(
    tmp_path_factory: pytest.TempPathFactory,
    own: list[LimitSettings],
    general: list[LimitSettings],
    script: list[tuple[str, object]],
) -> None:
    world = World(tmp_path_factory.mktemp("world"), own, general)
    for act, value in script:
        _act(world, act, value)
    world.restart()


def test_a_step_back_while_a_frame_is_kept_is_no_credit(tmp_path: Path) -> None:
    one = [LimitSettings.model_validate({"type": "daily", "value": 1})]
    world = World(tmp_path, one, [])
    for _ in range(5):
        world.ask(0, lambda: world.clock.step(days=-2))
    assert len(world.kept) == 1


def test_small_corrections_shorten_no_window(tmp_path: Path) -> None:
    one = [LimitSettings.model_validate({"type": "minutely", "value": 1})]
    world = World(tmp_path, one, [])
    world.ask(0, lambda: None)
    world.clock.advance(58.5)
    world.clock.step(seconds=1.9)
    world.ask(0, lambda: None)
    assert len(world.kept) == 1
