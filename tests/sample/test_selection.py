"""The first strategy that matches and has credit left keeps the frame."""

import random
from pathlib import Path

from edgedet.sample.budget import Budget
from edgedet.sample.ledger import Ledger
from edgedet.sample.selection import OPERATOR, Choice, NoCredit, Selection
from edgedet.sample.strategy import Scene
from tests.sample.fakes import CLASSES, SteppingClock, proposals, sampling

DAILY = {"type": "daily", "value": 1}
UNSURE = {"name": "unsure", "type": "close_to_threshold", "threshold": 0.3, "epsilon": 0.2}
CHANCE = random.Random(0)  # noqa: S311 - a test
SCENE = Scene("gate", proposals((0, 0, 9, 9, 0.3, 1)), 0.25)


def selection(folder: Path, *strategies: object, **settings: object) -> tuple[Selection, Budget]:
    made = sampling(strategies=list(strategies), **settings)
    budget = Budget(Ledger(folder), made.limits, SteppingClock())
    return Selection(made, CLASSES, budget, CHANCE), budget


def test_first_match_with_credit_wins(tmp_path: Path) -> None:
    chooser, budget = selection(
        tmp_path,
        {**UNSURE, "limits": [DAILY]},
        {"name": "cars", "type": "classes_based", "limits": [DAILY]},
        {"name": "never", "type": "random", "probability": 0},
    )
    names = []
    for _ in range(2):
        choice = chooser.choose(SCENE)
        assert isinstance(choice, Choice)
        budget.spend(choice.strategy.name, "gate", choice.payer)
        names.append((choice.strategy.name, choice.payer, choice.why))

    assert names == [
        ("unsure", "car", "1 close to 0.3"),
        ("cars", "car", "1 of the chosen classes"),
    ]
    last = chooser.choose(SCENE)
    assert isinstance(last, NoCredit)
    assert last.strategy.name == "unsure"


def test_without_a_reason_there_is_no_choice(tmp_path: Path) -> None:
    chooser, _ = selection(tmp_path, UNSURE)

    assert chooser.choose(Scene("gate", proposals((0, 0, 9, 9, 0.9, 1)), 0.25)) is None
    assert not chooser.looks_ahead


def test_a_request_comes_before_all_but_the_general_limit(tmp_path: Path) -> None:
    chooser, budget = selection(tmp_path, UNSURE, limits=[DAILY])

    asked = chooser.choose(SCENE, is_requested=True)
    assert isinstance(asked, Choice)
    assert (asked.strategy.name, asked.why) == (OPERATOR, "asked for")
    budget.spend(OPERATOR, "gate", asked.payer)
    assert isinstance(chooser.choose(SCENE, is_requested=True), NoCredit)


def test_who_needs_the_next_frame_says_so(tmp_path: Path) -> None:
    chooser, _ = selection(tmp_path, UNSURE, {"name": "f", "type": "flicker"})

    assert chooser.looks_ahead
