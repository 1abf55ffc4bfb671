"""`train fit`: a training run in a folder."""

import platform
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from train.commands.options import checked_size, one_of
from train.commands.progress import ConsoleProgress
from train.config import Recipe, load_recipe
from train.data.cache import cache_folder
from train.data.dataset import DataSpec, Sample, read_data_yaml
from train.data.store import CACHE_KINDS, CachePlan, PictureStore
from train.engine import RunPlan, Scores, Trainer, choose_device
from train.engine.memory import keep_freed_memory
from train.engine.run_folder import RunFolder
from train.evaluate import TorchPredictor, evaluate
from train.model import DetectionNetwork, build_model, start_from
from train.model.members import find_architecture
from train.report import write_report

_SHOWN = 9
_INTERRUPTED = 130  # what a shell gives for SIGINT


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
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures a step.")] = 16,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, …")] = "auto",
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes that prepare pictures.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="Threads of a CPU; 0: all cores.")] = 0,
    cache: Annotated[
        str, typer.Option(help="Keep decoded pictures: ram, disk (beside data.yaml), none.")
    ] = "ram",
    evaluate_every: Annotated[int, typer.Option(min=1, help="Score each so many epochs.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
) -> None:
    """Train a network; leaves best.pt, last.pt, results.csv and report.html in --out.

    Example: python -m train fit --data data/pets09/data.yaml --recipe scratch --epochs 60
    --image-size 416 --batch-size 16 --out runs/pets09
    """
    checked_size(image_size, find_architecture(model).strides[-1])
    console = Console(stderr=True)
    chosen = load_recipe(recipe)
    spec = read_data_yaml(data)
    train_samples, val_samples = spec.samples("train"), spec.samples("val")
    where = choose_device(device)
    keep_freed_memory()
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(seed)
    network = _network(console, model, weights, len(spec.class_names))
    plan = RunPlan(
        recipe=chosen,
        class_names=spec.class_names,
        epochs=epochs,
        image_size=image_size,
        batch_size=batch_size,
        seed=seed,
        workers=workers,
        evaluate_every=evaluate_every,
        facts=_facts(spec, model, recipe, weights, where, chosen),
    )
    folder = RunFolder(out, resume=resume)
    scorer = _Scorer(val_samples, spec.class_names, image_size)
    plan_of_cache = CachePlan.of(one_of("--cache", cache, CACHE_KINDS), cache_folder(data))
    store = PictureStore(train_samples, image_size, plan_of_cache)
    trainer = Trainer(network, store, scorer, plan, folder, where)
    first = trainer.resume() if resume else 0
    _announce(console, plan, train_samples, val_samples, where)
    try:
        with ConsoleProgress(console, epochs) as progress:
            best = trainer.run(progress, first)
    except KeyboardInterrupt:
        console.print("stopped; the same command with --resume goes on", soft_wrap=True)
        raise typer.Exit(_INTERRUPTED) from None
    write_report(folder, plan, trainer.rows)
    console.print(
        f"best: AP@50 {best.ap50:.4f}, AP@50:95 {best.ap:.4f} on val; {folder.best}, "
        f"report {folder.report}",
        markup=False,
        soft_wrap=True,
    )


def _network(
    console: Console, name: str, weights: Path | None, num_classes: int
) -> DetectionNetwork:
    """The network to train: from scratch, or from a checkpoint and of its widths."""
    if weights is None:
        return build_model(name, num_classes)
    network, report = start_from(weights, name, num_classes)
    left = [key for key, _, _ in report.mismatched] + list(report.missing)
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    console.print(
        f"{weights}: {report.matched} of {report.total} tensors taken; left as initialised: "
        f"{', '.join(left[:_SHOWN]) or 'nothing'}{more}",
        markup=False,
        soft_wrap=True,
    )
    return network


class _Scorer:
    """Scores a network on the validation pictures, with the device's own post-processing."""

    def __init__(self, samples: list[Sample], names: tuple[str, ...], image_size: int) -> None:
        self._samples = samples
        self._names = names
        self._image_size = image_size

    def __call__(self, network: DetectionNetwork) -> Scores:
        """AP@50 and AP@50:95."""
        predictor = TorchPredictor(network, (self._image_size, self._image_size))
        report = evaluate(predictor, self._samples, self._names)
        return Scores(report.ap50, report.ap)


def _announce(
    console: Console,
    plan: RunPlan,
    train_samples: list[Sample],
    val_samples: list[Sample],
    device: torch.device,
) -> None:
    objects = sum(len(sample.labels) for sample in train_samples)
    console.print(
        f"{len(train_samples)} pictures with {objects} objects to train on, {len(val_samples)} to "
        f"score by; {plan.epochs} epochs at {plan.image_size} px, batch {plan.batch_size}, "
        f"on {device}",
        markup=False,
        soft_wrap=True,
    )


def _facts(  # noqa: PLR0913
    spec: DataSpec,
    model: str,
    recipe_name: str,
    weights: Path | None,
    device: torch.device,
    recipe: Recipe,
) -> dict[str, object]:
    """What a checkpoint says of its own making."""
    return {
        "architecture": model,
        "data_id": spec.digest(),
        "recipe_name": recipe_name,
        "optimizer": recipe.optimizer,
        "started_from": str(weights) if weights else "",
        "command": " ".join(sys.argv[1:]),
        "commit": _commit(),
        "torch": torch.__version__,
        "machine": f"{platform.machine()} {platform.system()} {device}",
    }


def _commit() -> str:
    """The commit of the code, with `-dirty` when files differ from it; empty outside a checkout."""
    root = Path(__file__).resolve().parent
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],  # noqa: S607
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip()
