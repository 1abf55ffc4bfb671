"""`train tune`: search a recipe by many short runs."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import optuna
import typer
from optuna.trial import FrozenTrial
from rich.console import Console

from edgedet.errors import UsageError
from train.commands.assembly import assemble
from train.commands.fit_options import FitOptions
from train.commands.options import checked_size, named_model, one_of
from train.config import load_recipe
from train.data.dataset import read_data_yaml
from train.engine.world import ALONE
from train.model.saving import write_error
from train.tune.space import DEFAULT, SearchSpace, load_space
from train.tune.study import (
    PRUNERS,
    Pruning,
    Search,
    best_recipe,
    count_over,
    run_trials,
    table,
)

_INTERRUPTED = 130  # what a shell gives for SIGINT


def tune(  # noqa: PLR0913 - the options of the command
    data: Annotated[Path, typer.Option(help="data.yaml of the set to train on.")],
    study: Annotated[str, typer.Option(help="File, or database URL; made if it is not there.")],
    trials: Annotated[int, typer.Option(min=1, help="Trials in all, of all workers.")] = 50,
    out: Annotated[
        Path | None, typer.Option(help="Folder of results; else the study's file less .db.")
    ] = None,
    space: Annotated[Path, typer.Option(help="What varies, as YAML.")] = DEFAULT,
    recipe: Annotated[str, typer.Option(help="What does not vary: a name or file.")] = "finetune",
    model: Annotated[str, typer.Option(help="Which network.")] = "yolov7-tiny",
    weights: Annotated[Path | None, typer.Option(help="Checkpoint to start from.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of a trial.")] = 10,
    image_size: Annotated[int, typer.Option(min=32, help="Side of the input, pixels.")] = 416,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures a step.")] = 16,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, …")] = "auto",
    pruner: Annotated[str, typer.Option(help="median, hyperband or none.")] = "median",
    seed: Annotated[int, typer.Option(help="Of all runs, and of the search.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes that prepare pictures.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="Threads of a CPU; 0: all cores.")] = 0,
) -> None:
    """Search a recipe by short runs; leaves best.yaml and trials.csv in --out.

    The same command again, now or later, here or elsewhere, is one more worker on the same study.

    Example: python -m train tune --data data/pets09/data.yaml --study runs/tune.db --trials 40
    """
    base = load_recipe(recipe)
    ways = load_space(space, base)
    folder = _folder(study, out)
    options = FitOptions(
        data=data,
        out=folder,
        recipe=base,
        recipe_name=recipe,
        model=model,
        weights=weights,
        epochs=epochs,
        image_size=checked_size(image_size, named_model(model).strides[-1]),
        batch_size=batch_size,
        device=device,
        seed=seed,
        workers=workers,
        threads=threads,
    )
    search = Search(_conditions(options, ways), epochs, one_of("--pruner", pruner, PRUNERS), seed)
    _make(folder)
    opened = search.open(study)
    console = Console(stderr=True)
    objective = _objective(options, ways)
    try:
        run_trials(opened, objective, trials, lambda trial: _told(console, folder, opened, trial))
    except KeyboardInterrupt:
        console.print("stopped; the same command goes on with the study", soft_wrap=True)
        raise typer.Exit(_INTERRUPTED) from None
    _write(folder, opened)
    console.print(
        f"{count_over(opened)} trials are over; {_best(opened)}; {folder / 'best.yaml'}, "
        f"{folder / 'trials.csv'}",
        markup=False,
        soft_wrap=True,
    )


def _folder(study: str, out: Path | None) -> Path:
    if out is not None:
        return out
    if "://" in study:
        msg = f"--study {study} is a database; name a folder for the results with --out"
        raise UsageError(msg)
    path = Path(study)
    return path.with_suffix("") if path.suffix else path.with_name(f"{path.name}-results")


def _make(folder: Path) -> None:
    try:
        (folder / "trials").mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        msg = f"cannot write folder {folder}: {exc.strerror}"
        raise UsageError(msg) from exc


def _conditions(options: FitOptions, space: SearchSpace) -> dict[str, object]:
    """What two trials must share for their scores to compare; refuses a set without its splits."""
    spec = read_data_yaml(options.data)
    spec.samples("train")
    spec.samples("val")
    return {
        "data_id": spec.digest(),
        "model": options.model,
        "weights": str(options.weights or ""),
        "recipe": options.recipe_name,
        "epochs": options.epochs,
        "image_size": options.image_size,
        "batch_size": options.batch_size,
        "seed": options.seed,
        "space": space.model_dump_json(),
    }


def _objective(options: FitOptions, space: SearchSpace) -> Callable[[optuna.Trial], float]:
    def objective(trial: optuna.Trial) -> float:
        recipe = space.draw(trial, options.recipe)
        trial.set_user_attr("recipe", recipe.model_dump(mode="json"))
        folder = options.out / "trials" / f"{trial.number:04d}"
        shutil.rmtree(folder, ignore_errors=True)  # of a study that is no more
        run = assemble(replace(options, recipe=recipe, out=folder), ALONE)
        try:
            return run.trainer.run([Pruning(trial)]).fitness
        finally:
            run.folder.last.unlink(missing_ok=True)  # a hundred megabytes; best.pt stays

    return objective


def _told(console: Console, folder: Path, study: optuna.Study, trial: FrozenTrial) -> None:
    scores = trial.intermediate_values.values()
    told = f"{max(scores):.4f} after {trial.last_step} epochs" if scores else "no score"
    error = trial.user_attrs.get("error")
    console.print(
        f"trial {trial.number} {trial.state.name.lower()}: {error or told}; {_best(study)}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    _write(folder, study)


def _best(study: optuna.Study) -> str:
    done = [t for t in study.get_trials(deepcopy=False) if t.state.name == "COMPLETE"]
    if not done:
        return "no complete trial yet"
    best = max(done, key=lambda trial: trial.value or 0.0)
    return f"best {best.value:.4f} (trial {best.number})"


def _write(folder: Path, study: optuna.Study) -> None:
    """Replace the results; other workers do the same."""
    texts = {"trials.csv": table(study), "best.yaml": best_recipe(study)}
    for name, text in texts.items():
        if text is None:
            continue
        temporary = folder / f".{name}.tmp"
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(folder / name)
        except OSError as exc:
            raise write_error(folder / name, exc) from exc
