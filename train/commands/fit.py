"""`train fit`: a training run in a folder."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from train.commands.assembly import Assembled, FitOptions, assemble
from train.commands.finish import finish_run
from train.commands.options import checked_size, one_of
from train.commands.progress import ConsoleProgress
from train.config import load_recipe
from train.data.store import CACHE_KINDS
from train.engine.precision import PrecisionName
from train.engine.tensorboard import TensorBoard
from train.engine.world import World, joined_world
from train.model.members import find_architecture

_INTERRUPTED = 130  # what a shell gives for SIGINT
_PRECISIONS: tuple[PrecisionName, ...] = ("auto", "fp32", "bf16", "fp16")


def fit(  # noqa: PLR0913 - the options of the command
    data: Annotated[Path, typer.Option(help="data.yaml of the set to train on.")],
    out: Annotated[Path, typer.Option(help="New folder for checkpoints, results and report.")],
    model: Annotated[str, typer.Option(help="Which network.")] = "yolov7-tiny",
    weights: Annotated[
        Path | None, typer.Option(help="Checkpoint to start from; none: from scratch.")
    ] = None,
    recipe: Annotated[str, typer.Option(help="A name in configs/train, or a file.")] = "finetune",
    epochs: Annotated[int, typer.Option(min=1, help="Times every picture is seen.")] = 100,
    image_size: Annotated[int, typer.Option(min=32, help="Side of the input, pixels.")] = 640,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Pictures a step, of all processes together.")
    ] = 16,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, …")] = "auto",
    precision: Annotated[
        str, typer.Option(help="auto, fp32, bf16 or fp16: what the network computes in.")
    ] = "auto",
    compile_: Annotated[
        bool, typer.Option("--compile", help="Compile the network: slow to start, then faster.")
    ] = False,
    sync_bn: Annotated[
        bool, typer.Option("--sync-bn", help="Normalise over the batch of all CUDA cards.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes that prepare pictures.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="Threads of a CPU; 0: all cores.")] = 0,
    cache: Annotated[
        str, typer.Option(help="Keep decoded pictures: ram, disk (beside data.yaml), none.")
    ] = "ram",
    evaluate_every: Annotated[int, typer.Option(min=1, help="Score each so many epochs.")] = 1,
    save_every_minutes: Annotated[
        float, typer.Option(min=0, help="Save inside a long epoch as often as this.")
    ] = 15.0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    extend: Annotated[
        bool, typer.Option("--extend", help="With --resume: more --epochs than it began with.")
    ] = False,
) -> None:
    """Train a network; leaves best.pt, last.pt, results.csv and report.html in --out.

    Example: python -m train fit --data data/pets09/data.yaml --recipe scratch --epochs 60
    --image-size 416 --batch-size 16 --out runs/pets09
    """
    options = FitOptions(
        data=data,
        out=out,
        recipe=load_recipe(recipe),
        recipe_name=recipe,
        model=model,
        weights=weights,
        epochs=epochs,
        image_size=checked_size(image_size, find_architecture(model).strides[-1]),
        batch_size=batch_size,
        device=device,
        precision=one_of("--precision", precision, _PRECISIONS),
        compile=compile_,
        sync_bn=sync_bn,
        seed=seed,
        workers=workers,
        threads=threads,
        cache=one_of("--cache", cache, CACHE_KINDS),
        evaluate_every=evaluate_every,
        save_every_minutes=save_every_minutes,
        resume=resume,
        extend=extend,
    )
    try:
        with joined_world(device) as world:
            _run(options, world)
    except KeyboardInterrupt:
        console = Console(stderr=True)
        console.print("stopped; the same command with --resume goes on", soft_wrap=True)
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
