"""A study that outlives its workers: trials, their results, and what became of killed ones."""

import csv
import io
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import optuna
import yaml
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from edgedet.errors import EdgedetError, UsageError
from train.config import Recipe
from train.engine.hooks import Hook
from train.engine.plan import Scores
from train.engine.run_folder import EpochResult

PrunerName = Literal["median", "hyperband", "none"]
PRUNERS: tuple[PrunerName, ...] = ("median", "hyperband", "none")

_NAME = "edgedet"
_BEAT_S, _GRACE_S = 15, 60  # a worker that was silent for so long is dead
_SQLITE_WAIT_S = 60
_OPEN_TRIES, _OPEN_PAUSE_S = 20, 0.1
_OVER = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


class Pruning(Hook):
    """Reports each scored epoch to a trial, and ends it where others were better by then."""

    def __init__(self, trial: optuna.Trial) -> None:
        """Follow the run of `trial`."""
        self._trial = trial

    def epoch_done(self, result: EpochResult) -> None:
        """May end the run.

        Raises:
            TrialPruned: if the study thinks that the trial leads nowhere.
        """
        if result.ap50 is None or result.ap is None:
            return
        self._trial.report(Scores(result.ap50, result.ap).fitness, result.epoch + 1)
        if self._trial.should_prune():
            raise optuna.TrialPruned


@dataclass(frozen=True, slots=True)
class Search:
    """What the workers of a study have in common; they refuse to join one of other conditions."""

    conditions: Mapping[str, object]
    epochs: int
    pruner: PrunerName = "median"
    seed: int = 0

    def open(self, place: str) -> optuna.Study:
        """The study at `place`, made if it is not there: a file, or the URL of a database.

        Trials of workers that died are marked as failed.

        Raises:
            UsageError: if it cannot be opened, or is about something else.
        """
        url = place if "://" in place else f"sqlite:///{Path(place).resolve()}"
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study = _open(place, url, self._pruner())
            study.sampler = optuna.samplers.TPESampler(
                seed=self.seed + len(study.get_trials(deepcopy=False)), constant_liar=True
            )
            optuna.storages.fail_stale_trials(study)
        known = study.user_attrs.get("conditions")
        if known is None:
            study.set_user_attr("conditions", dict(self.conditions))
        elif known != dict(self.conditions):
            other = [k for k in self.conditions if known.get(k) != self.conditions[k]]
            msg = (
                f"study {place} was made with other values of {', '.join(other)}; its results do "
                "not compare; name a new --study"
            )
            raise UsageError(msg)
        return study

    def _pruner(self) -> optuna.pruners.BasePruner:
        if self.pruner == "none":
            return optuna.pruners.NopPruner()
        if self.pruner == "hyperband":
            return optuna.pruners.HyperbandPruner(
                min_resource=max(self.epochs // 9, 1), max_resource=self.epochs
            )
        return optuna.pruners.MedianPruner(n_warmup_steps=self.epochs // 4)


def run_trials(
    study: optuna.Study,
    objective: Callable[[optuna.Trial], float],
    total: int,
    on_trial: Callable[[FrozenTrial], None],
) -> None:
    """Try until the study has `total` trials, those of other workers counted.

    A trial that raises an EdgedetError is recorded as failed, with the reason.
    """

    def told(trial: optuna.Trial) -> float:
        try:
            return objective(trial)
        except EdgedetError as exc:
            trial.set_user_attr("error", str(exc))
            raise

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        while len(study.get_trials(deepcopy=False, states=(*_OVER, TrialState.RUNNING))) < total:
            study.optimize(
                told,
                n_trials=1,
                catch=(EdgedetError,),
                callbacks=[lambda _study, trial: on_trial(trial)],
            )


def count_over(study: optuna.Study) -> int:
    """Trials that are complete, pruned or failed."""
    return len(study.get_trials(deepcopy=False, states=_OVER))


def table(study: optuna.Study) -> str:
    """All trials as CSV: number, state, fitness, epochs, seconds, values, error."""
    trials = study.get_trials(deepcopy=False)
    keys = sorted({key for trial in trials for key in trial.params})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "state", "fitness", "epochs", "seconds", *keys, "error"])
    for trial in trials:
        seconds = "" if trial.duration is None else f"{trial.duration.total_seconds():.0f}"
        fitness = max(trial.intermediate_values.values(), default=None)
        shown = "" if fitness is None else f"{fitness:.6f}"
        values = [trial.params.get(key, "") for key in keys]
        error = trial.user_attrs.get("error", "")
        name, epochs = trial.state.name.lower(), trial.last_step or 0
        writer.writerow([trial.number, name, shown, epochs, seconds, *values, error])
    return text.getvalue()


def best_recipe(study: optuna.Study) -> str | None:
    """The recipe of the best complete trial as YAML with its origin; None if there is none."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return None
    best = max(complete, key=lambda trial: trial.value or 0.0)
    recipe = Recipe.model_validate(best.user_attrs["recipe"])
    body = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)
    origin = ", ".join(f"{k} {v}" for k, v in study.user_attrs.get("conditions", {}).items())
    return (
        f"# Trial {best.number} of {len(study.trials)}: 0.1 AP@50 + 0.9 AP@50:95 is "
        f"{best.value:.4f}\n# {origin}\n{body}"
    )


def _open(place: str, url: str, pruner: optuna.pruners.BasePruner) -> optuna.Study:
    for _ in range(_OPEN_TRIES):
        study = _try_to_open(place, url, pruner)
        if study is not None:
            return study
        time.sleep(_OPEN_PAUSE_S)
    msg = f"cannot open study {place}: it is no such database, or in use by something else"
    raise UsageError(msg)


def _try_to_open(place: str, url: str, pruner: optuna.pruners.BasePruner) -> optuna.Study | None:
    """None if it may go well later: workers that start together make the tables together."""
    wait = {"connect_args": {"timeout": _SQLITE_WAIT_S}} if url.startswith("sqlite") else {}
    try:
        storage = RDBStorage(
            url, engine_kwargs=wait, heartbeat_interval=_BEAT_S, grace_period=_GRACE_S
        )
        return optuna.create_study(
            study_name=_NAME,
            storage=storage,
            direction="maximize",
            load_if_exists=True,
            pruner=pruner,
        )
    except (ImportError, ValueError, NoSuchModuleError) as exc:
        reason = str(exc).strip().split("\n", maxsplit=1)[0]
        msg = f"cannot open study {place}: {reason}"
        raise UsageError(msg) from exc
    except (SQLAlchemyError, optuna.exceptions.OptunaError):
        return None
