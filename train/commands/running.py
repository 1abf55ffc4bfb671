"""A training run from its options to its report; what `train fit` and `train distill` share."""

import typer
from rich.console import Console

from train.commands.assembly import Assembled, assemble
from train.commands.finish import finish_run
from train.commands.fit_options import FitOptions
from train.commands.progress import ConsoleProgress
from train.engine.tensorboard import TensorBoard
from train.engine.world import World, joined_world

_INTERRUPTED = 130  # what a shell gives for SIGINT


def run_to_end(options: FitOptions, again: str = "the same command with --resume") -> None:
    """Train; leaves best.pt, last.pt, results.csv and report.html in the run's folder.

    Args:
        options: The run.
        again: What goes on with an interrupted run, told then.

    Raises:
        EdgedetError: if data, weights, device, folder or options cannot be used, or training fails.
        Exit: with 130, if it was interrupted.
    """
    try:
        with joined_world(options.device) as world:
            _run(options, world)
    except KeyboardInterrupt:
        console = Console(stderr=True)
        console.print(f"stopped; {again} goes on", soft_wrap=True)
        raise typer.Exit(_INTERRUPTED) from None


def _run(options: FitOptions, world: World) -> None:
    console = Console(stderr=True, quiet=not world.is_first)
    run = assemble(options, world)
    for line in run.told:
        console.print(line, markup=False, soft_wrap=True)
    if run.trainer.is_finished:
        console.print(
            f"the run in {options.out} is finished: {run.done} epochs; nothing to resume",
            markup=False,
            soft_wrap=True,
        )
    else:
        _train(console, run, world)
    if world.is_first:
        device = str(run.precision.device)
        finish_run(console, run.folder, run.plan, run.trainer.rows, run.splits, device)


def _train(console: Console, run: Assembled, world: World) -> None:
    hooks = [TensorBoard(run.folder.tensorboard)] if world.is_first else []
    with ConsoleProgress(console, run.plan.epochs) as progress:
        run.trainer.run([progress, *hooks])
    done = len(run.trainer.rows)
    if done < run.plan.epochs:
        console.print(
            f"ended after {done} of {run.plan.epochs} epochs: {run.plan.recipe.patience} scored "
            "epochs without a better one",
            markup=False,
            soft_wrap=True,
        )
