"""What a run remembers, and how another plan differs."""

import pytest

from edgedet.errors import ModelError
from train.engine.plan import Scores
from train.engine.run_folder import EpochResult
from train.engine.state import RunState, differences, unpack
from train.engine.step import Tally, Trainee


def row(epoch: int, ap: float | None) -> EpochResult:
    return EpochResult(epoch, 1.0, ap, ap, 0, 0, 0, 0, 0, 64, 1, 1.0)


def test_the_best_epoch_is_noted_and_the_tally_starts_anew() -> None:
    state = RunState(tally=Tally(batches=3), seconds=4.0)

    assert state.note(row(0, 0.5), Scores(0.5, 0.5, (0.4, 0.6)))
    assert not state.note(row(1, None), None)
    assert not state.note(row(2, 0.5), Scores(0.5, 0.5, (0.5, 0.5)))
    assert (state.tally.batches, state.seconds) == (0, 0.0)
    assert state.fitnesses == pytest.approx([0.5, 0.5])
    assert state.class_ap == (0.5, 0.5)


def test_differences_are_told_by_key() -> None:
    saved = {"epochs": 3, "recipe": {"lr0": 0.1, "mosaic": 1.0}}
    wanted = {"epochs": 5, "recipe": {"lr0": 0.1, "mosaic": 0.5, "new": 1}}

    assert differences(saved, wanted) == [
        "epochs 5 instead of 3",
        "recipe.mosaic 0.5 instead of 1.0",
        "recipe.new 1 instead of None",
    ]
    assert differences(saved, saved) == []


def test_a_state_of_another_version_is_refused() -> None:
    trainee: Trainee = None  # type: ignore[assignment]  # never reached
    with pytest.raises(ModelError, match="state does not fit this version"):
        unpack({}, trainee)
