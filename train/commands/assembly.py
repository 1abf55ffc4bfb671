"""Putting a training run together from options: data, network, plan, folder, machine."""

import platform
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from edgedet.errors import UsageError
from train.commands.fit_options import FitOptions
from train.commands.quantization_aware import (
    as_stored,
    check_options,
    float_network,
    start_quantized,
)
from train.commands.scoring import Scorer
from train.data.cache import cache_folder
from train.data.dataset import DataSpec, Sample, read_data_yaml
from train.data.loader import largest_side
from train.data.store import CachePlan, PictureStore
from train.engine import Machine, RunPlan, Scores, Trainer
from train.engine.autoanchor import fit_to_pictures
from train.engine.machine import compiled
from train.engine.memory import keep_freed_memory
from train.engine.precision import Precision, choose_device
from train.engine.run_folder import RunFolder
from train.engine.world import World
from train.machine import describe_machine
from train.model import DetectionNetwork, build_model, start_from
from train.model.growing import keep_known_classes

_SHOWN = 9


@dataclass(frozen=True, slots=True)
class Assembled:
    """A run that is ready; `done` epochs lie behind it, `told` are lines for a person.

    `splits` are the pictures to train on and to score by, by the names of their splits.
    """

    trainer: Trainer
    plan: RunPlan
    folder: RunFolder
    network: DetectionNetwork
    precision: Precision
    splits: dict[str, list[Sample]]
    done: int
    told: tuple[str, ...]


def assemble(options: FitOptions, world: World) -> Assembled:
    """Read and check everything; nothing is written but the run folder itself.

    Raises:
        EdgedetError: if data, weights, device, folder or options cannot be used.
    """
    _check(options, world)
    spec = read_data_yaml(options.data)
    train_samples, val_samples = spec.samples("train"), spec.samples("val")
    precision = Precision.choose(choose_device(options.device, world.local_rank), options.precision)
    machine = Machine(
        precision, world, compiled if options.compile else lambda n: n, sync_bn=options.sync_bn
    )
    keep_freed_memory()
    _set_threads(options.threads, world)
    torch.manual_seed(options.seed)
    told: list[str] = []
    network, pretrained = _network(options, spec.class_names, told)
    folder = RunFolder(options.out, resume=options.resume, writes=world.is_first)
    score = _score(options, Scorer(val_samples, spec.class_names, options.image_size, world))
    if options.qat:
        start = start_quantized(network.to(precision.device), options, folder, world, score)
        options, told = start.options, [*told, *start.told]
    if world.is_first:
        folder.write_recipe(options.recipe)  # from here on the run can be resumed
    plan = _plan(options, spec, world, precision)
    cache = CachePlan.of(options.cache, cache_folder(options.data))
    side = largest_side(options.recipe, options.image_size)
    store = PictureStore(train_samples, side, cache)
    if options.recipe.autoanchor and not (options.resume and folder.last.is_file()):
        store.preload()
        report = fit_to_pictures(
            network, store, options.image_size, options.recipe.anchor_t, options.seed
        )
        told.append(str(report))
    trainer = Trainer(network, store, score, plan, folder, machine, pretrained)
    done = trainer.resume(extend=options.extend) if options.resume else 0
    told.append(_summary(plan, train_samples, val_samples, precision, world))
    splits = {"train": train_samples, "val": val_samples}
    return Assembled(trainer, plan, folder, network, precision, splits, done, tuple(told))


def _check(options: FitOptions, world: World) -> None:
    check_options(options)
    if options.batch_size % world.size:
        msg = (
            f"--batch-size {options.batch_size} is the total of {world.size} processes; expected "
            f"a multiple of {world.size}"
        )
        raise UsageError(msg)
    if options.extend and not options.resume:
        msg = "--extend lets a resumed run have more epochs; use it with --resume"
        raise UsageError(msg)


def _set_threads(threads: int, world: World) -> None:
    if threads:
        torch.set_num_threads(threads)
    elif world.size > 1:  # torchrun sets one thread, whatever the machine has
        cores = torch.multiprocessing.cpu_count()
        torch.set_num_threads(max(cores // world.local_size, 1))


def _network(
    options: FitOptions, class_names: tuple[str, ...], told: list[str]
) -> tuple[DetectionNetwork, frozenset[str]]:
    """The network to train, and the names of its parameters that came from a checkpoint."""
    if options.qat:
        return float_network(options, class_names, told), frozenset()
    if options.weights is None:
        return build_model(options.model, len(class_names), anchors=options.anchors), frozenset()
    network, report = start_from(options.weights, options.model, len(class_names))
    told += _other_order(options.weights, tuple(report.info.names), class_names)
    is_grown = keep_known_classes(network, report, class_names)
    own = [key for key, _, _ in report.mismatched] + list(report.missing)
    more = f" and {len(own) - _SHOWN} more" if len(own) > _SHOWN else ""
    told.append(
        f"{options.weights}: {report.matched} of {report.total} tensors taken; left as "
        f"initialised{' but for the classes that it knows' if is_grown else ''}: "
        f"{', '.join(own[:_SHOWN]) or 'nothing'}{more}"
    )
    own += report.filled
    return network, frozenset(name for name, _ in network.named_parameters() if name not in own)


def _other_order(weights: Path, known: tuple[str, ...], class_names: tuple[str, ...]) -> list[str]:
    """A warning if the weights have learned a class of the set under another number."""
    moved = [n for n in class_names if n in known and known.index(n) != class_names.index(n)]
    if not moved or len(known) != len(class_names):  # another number: the classes begin anew
        return []
    line = (
        f"warning: {weights} knows the classes {list(known)}, the set has {list(class_names)}: "
        f"what it knows of {', '.join(moved)} is taken for another class; keep its order with "
        "--previous of `train ingest`"
    )
    return [line]


def _score(options: FitOptions, scorer: Scorer) -> Callable[[DetectionNetwork], Scores]:
    return as_stored(scorer) if options.qat else scorer


def _plan(options: FitOptions, spec: DataSpec, world: World, precision: Precision) -> RunPlan:
    return RunPlan(
        recipe=options.recipe,
        class_names=spec.class_names,
        epochs=options.epochs,
        image_size=options.image_size,
        batch_size=options.batch_size,
        seed=options.seed,
        workers=options.workers,
        evaluate_every=options.evaluate_every,
        save_every_s=options.save_every_minutes * 60,
        facts=_facts(options, spec, world, precision),
        loss=options.loss,
    )


def _summary(
    plan: RunPlan,
    train_samples: Sequence[Sample],
    val_samples: Sequence[Sample],
    precision: Precision,
    world: World,
) -> str:
    objects = sum(len(sample.labels) for sample in train_samples)
    numbers = str(precision.autocast or torch.float32).removeprefix("torch.")
    processes = f", {world.size} processes" if world.size > 1 else ""
    return (
        f"{len(train_samples)} pictures with {objects} objects to train on, {len(val_samples)} to "
        f"score by; {plan.epochs} epochs at {plan.image_size} px, batch {plan.batch_size}, "
        f"on {precision.device} in {numbers}{processes}"
    )


def _facts(
    options: FitOptions, spec: DataSpec, world: World, precision: Precision
) -> dict[str, object]:
    """What a checkpoint says of its own making."""
    return dict(options.facts) | {
        "architecture": options.model,
        "data_id": spec.digest(),
        "data": str(options.data),
        "recipe_name": options.recipe_name,
        "optimizer": options.recipe.optimizer,
        "started_from": str(options.weights) if options.weights else "",
        "command": shlex.join(["python", "-m", "train", *sys.argv[1:]]),
        "commit": _commit(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": describe_machine(str(precision.device)),
        "precision": str(precision.autocast or torch.float32).removeprefix("torch."),
        "processes": world.size,
        "threads": torch.get_num_threads(),
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
