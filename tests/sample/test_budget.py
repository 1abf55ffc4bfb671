"""Never above budget: over restarts, over steps of the clock, whenever frames come."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgedet.config.sampling import LimitSettings, SamplingSettings
from edgedet.sample.budget import NO_CLASS, PERIOD_S, Budget, uses
from edgedet.sample.ledger import Ledger
from tests.sample.fakes import SteppingClock


def limits(*rules: tuple[str, int] | tuple[str, int, str]) -> list[LimitSettings]:
    names = ("type", "value", "per")
    return [LimitSettings.model_validate(dict(zip(names, r, strict=False))) for r in rules]


class Till:
    """A budget in a folder, over restarts; `kept` has the true time of each frame paid for."""

    def __init__(
        self, folder: Path, own: list[LimitSettings], general: Sequence[LimitSettings] = ()
    ) -> None:
        self.clock = SteppingClock()
        self.kept: list[float] = []
        self._folder, self._own, self._general = folder, own, general
        self.restart()

    def restart(self) -> None:
        self._ledger = Ledger(self._folder)
        self.budget = Budget(self._ledger, self._general, self.clock)

    def ask(
        self, source: str = "gate", classes: Sequence[str] = (), strategy: str = "s"
    ) -> str | None:
        payer = self.budget.payer(strategy, self._own, source, classes)
        if payer is not None:
            self.budget.spend(strategy, source, payer)
            self.kept.append(self.clock.now_s)
        return payer

    def most_within(self, period_s: float) -> int:
        return max((sum(a <= b < a + period_s for b in self.kept) for a in self.kept), default=0)


def test_credit_comes_back_after_the_period_and_not_before(tmp_path: Path) -> None:
    till = Till(tmp_path, limits(("minutely", 2), ("hourly", 3)))

    assert [till.ask() is not None for _ in range(3)] == [True, True, False]
    till.clock.advance(59)
    assert till.ask() is None
    till.clock.advance(4)  # and a little longer, for what the clock may be off
    assert till.ask() is not None
    assert till.ask() is None  # the hour's third was the last
    till.clock.advance(3600)
    assert till.ask() is not None


def test_restarts_forget_nothing(tmp_path: Path) -> None:
    till = Till(tmp_path, limits(("daily", 3)))
    for _ in range(10):
        till.ask()
        till.restart()

    assert len(till.kept) == 3


Act = tuple[str, float]
acts = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.just(0.0)),
        st.tuples(st.just("wait"), st.floats(0, 40_000)),
        st.tuples(st.just("step"), st.floats(-400_000, 400_000)),
        st.tuples(st.just("restart"), st.just(0.0)),
        st.tuples(st.just("restart, clock lost"), st.floats(-400_000, 0)),
    ),
    max_size=60,
)


@given(acts)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_day_has_more_frames_than_its_limit_whatever_the_clock_does(
    tmp_path_factory: pytest.TempPathFactory, script: list[Act]
) -> None:
    till = Till(tmp_path_factory.mktemp("till"), limits(("hourly", 2), ("daily", 4)))
    for act, seconds in script:
        if act == "ask":
            till.ask()
        elif act == "wait":
            till.clock.advance(seconds)
        elif act == "step":
            till.clock.step(seconds=seconds)
            till.budget.follow_clock()  # as the sampler does twice a second
        else:
            till.clock.step(seconds=seconds)
            till.restart()

    assert till.most_within(PERIOD_S["daily"]) <= 4
    assert till.most_within(PERIOD_S["hourly"]) <= 2


def test_a_month_has_no_more_than_its_days(tmp_path: Path) -> None:
    till, chance = Till(tmp_path, limits(("hourly", 3), ("daily", 10))), random.Random(5)  # noqa: S311
    for _ in range(30):
        for _ in range(30):
            till.ask()
            till.clock.advance(PERIOD_S["daily"] / 30 * chance.uniform(0.5, 1.5))
        till.restart()

    assert till.most_within(PERIOD_S["daily"]) == 10
    assert till.most_within(PERIOD_S["hourly"]) <= 3
    assert 200 < len(till.kept) <= 10 * 31


def test_a_device_without_a_clock_gains_no_day_by_booting(tmp_path: Path) -> None:
    till = Till(tmp_path, limits(("daily", 2)))
    for _ in range(5):
        till.ask()
        till.clock.step(days=-20_000)  # the battery of its clock is empty
        till.restart()
        till.ask()
        till.clock.advance(30)
        till.clock.step(days=20_000)  # the time server answers
        till.ask()
        till.clock.advance(3600)

    assert len(till.kept) == 2
    till.clock.advance(PERIOD_S["daily"])
    assert till.ask() is not None


def test_each_source_and_each_class_has_its_own(tmp_path: Path) -> None:
    till = Till(tmp_path, limits(("daily", 1, "source"), ("daily", 2, "class")))

    assert till.ask("gate", ["person"]) == "person"
    assert till.ask("gate", ["person"]) is None  # the source's
    assert till.ask("dock", ["person"]) == "person"
    assert till.ask("yard", ["person"]) is None  # the class's
    assert till.ask("yard", ["person", "car"]) == "car"  # the next class can pay
    assert till.ask("hall") == NO_CLASS


def test_general_limits_hold_over_all_strategies(tmp_path: Path) -> None:
    till = Till(tmp_path, limits(("daily", 2)), general=limits(("daily", 3)))

    assert [till.ask(strategy=name) is not None for name in "aaabbb"] == [
        *(True, True, False), *(True, False, False),
    ]  # fmt: skip


def test_a_budget_of_nothing_keeps_nothing(tmp_path: Path) -> None:
    assert Till(tmp_path, limits(("daily", 0))).ask() is None


def test_what_is_spent_is_told_by_limit_and_owner(tmp_path: Path) -> None:
    rules = [{"type": "hourly", "value": 3, "per": "source"}, {"type": "daily", "value": 9}]
    made = SamplingSettings.model_validate(
        {
            "strategies": [{"name": "s", "type": "random", "limits": rules}],
            "limits": [{"type": "daily", "value": 20, "per": "class"}],
        }
    )
    till = Till(tmp_path, made.strategies[0].limits, made.limits)
    till.ask("gate", ["person"])
    till.clock.advance(2 * 3600)
    till.ask("gate", ["car"])
    till.ask("dock", ["car"])
    till.ask("dock", strategy="other")

    found = uses(till._ledger, made, till.clock.utc_now().timestamp())

    assert [(each.strategy, each.limit.type, each.spent) for each in found] == [
        ("s", "hourly", {"gate": 1, "dock": 1}),
        ("s", "daily", {"": 3}),
        (None, "daily", {"person": 1, "car": 2, NO_CLASS: 1}),
    ]
