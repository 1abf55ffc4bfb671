"""Studies: shared, continued, and cleaned of what killed workers left."""

import csv
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import optuna
import pytest
import yaml
from optuna.trial import FrozenTrial, TrialState

from edgedet.errors import DataError, UsageError
from tests.brokers import wait_until
from train.config import Recipe
from train.engine.run_folder import EpochResult
from train.tune.study import Pruning, Search, best_recipe, count_over, run_trials, table

ROOT = Path(__file__).resolve().parents[3]
SEARCH = Search({"data_id": "d", "epochs": 4}, epochs=4)


def quadratic(trial: optuna.Trial) -> float:
    lr = trial.suggest_float("lr0", 0.001, 0.1)
    trial.set_user_attr("recipe", Recipe(lr0=lr).model_dump(mode="json"))
    return 1 - (lr - 0.05) ** 2


def row(epoch: int, ap: float | None) -> EpochResult:
    return EpochResult(epoch, 1.0, ap, ap, 0, 0, 0, 0, 0, 64, 1, 1.0)


def test_a_study_goes_on_where_it_was(tmp_path: Path) -> None:
    place, told = str(tmp_path / "study.db"), list[FrozenTrial]()
    run_trials(SEARCH.open(place), quadratic, 3, told.append)
    run_trials(SEARCH.open(place), quadratic, 5, told.append)
    study = SEARCH.open(place)

    assert [trial.number for trial in told] == [0, 1, 2, 3, 4]
    assert count_over(study) == 5
    text = best_recipe(study)
    assert text is not None
    assert yaml.safe_load(text)["lr0"] == study.best_params["lr0"]
    assert Recipe.model_validate(yaml.safe_load(text)).lr0 == study.best_params["lr0"]


def test_a_failed_trial_is_recorded_with_its_reason(tmp_path: Path) -> None:
    def fail(trial: optuna.Trial) -> float:
        if trial.number == 0:
            msg = "the loss is not finite"
            raise DataError(msg)
        return quadratic(trial)

    study = SEARCH.open(str(tmp_path / "study.db"))
    run_trials(study, fail, 2, lambda _trial: None)
    rows = list(csv.DictReader(table(study).splitlines()))

    assert [each["state"] for each in rows] == ["fail", "complete"]
    assert rows[0]["error"] == "the loss is not finite"
    assert best_recipe(study) is not None


def test_a_study_of_other_conditions_is_refused(tmp_path: Path) -> None:
    place = str(tmp_path / "study.db")
    SEARCH.open(place)
    with pytest.raises(UsageError, match="with other values of epochs; its results do not compare"):
        Search({"data_id": "d", "epochs": 5}, epochs=5).open(place)


@pytest.mark.parametrize("place", ["nosuch://host/db", "{}/missing/study.db"])
def test_what_cannot_be_opened_is_told(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.tune.study._OPEN_TRIES", 2)
    with pytest.raises(UsageError, match="cannot open study"):
        SEARCH.open(place.format(tmp_path))


def test_a_trial_that_is_worse_than_others_is_pruned(tmp_path: Path) -> None:
    search = Search({}, epochs=4)

    def objective(trial: optuna.Trial) -> float:
        level = 0.1 if trial.number == 6 else 0.5
        pruning = Pruning(trial)
        for epoch in range(4):
            pruning.epoch_done(row(epoch, None))
            pruning.epoch_done(row(epoch, level + epoch / 100))
        return level

    study = search.open(str(tmp_path / "study.db"))
    run_trials(study, objective, 7, lambda _trial: None)

    assert study.trials[6].state is TrialState.PRUNED
    assert study.trials[6].last_step == 1  # of 4: a quarter has to be over
    assert [trial.state for trial in study.trials[:6]] == [TrialState.COMPLETE] * 6


@pytest.mark.parametrize(
    ("name", "kind"),
    [("none", optuna.pruners.NopPruner), ("hyperband", optuna.pruners.HyperbandPruner)],
)
def test_other_pruners_can_be_chosen(tmp_path: Path, name: str, kind: type) -> None:
    search = Search({}, epochs=9, pruner=name)  # type: ignore[arg-type]

    assert isinstance(search.open(str(tmp_path / "study.db")).pruner, kind)


KILLED = """
import sys, time
import train.tune.study as study
study._BEAT_S, study._GRACE_S = 1, 2
def objective(trial):
    print("running", flush=True)
    time.sleep(60)
study.run_trials(study.Search({}, 4).open(sys.argv[1]), objective, 1, lambda trial: None)
"""


@pytest.mark.slow
def test_the_trial_of_a_killed_worker_is_marked_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "study.db")
    command = [sys.executable, "-c", KILLED, place]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "running\n"
        with closing(sqlite3.connect(place)) as database:  # the heart has to have beaten
            beats = "SELECT COUNT(*) FROM trial_heartbeats"
            assert wait_until(lambda: database.execute(beats).fetchone()[0] > 0)
        os.kill(worker.pid, signal.SIGKILL)
    monkeypatch.setattr("train.tune.study._GRACE_S", 2)
    search = Search({}, 4)
    assert wait_until(lambda: search.open(place).trials[0].state is not TrialState.RUNNING)

    assert [trial.state for trial in search.open(place).trials] == [TrialState.FAIL]
