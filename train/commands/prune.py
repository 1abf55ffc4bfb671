"""`train prune`: a checkpoint becomes a narrower one, to be fine-tuned."""

import json
from pathlib import Path
from typing import Annotated, get_args

import torch
import typer
from rich.console import Console

from edgedet.errors import ModelError
from train.commands.options import checked_size, one_of
from train.config import Recipe
from train.data.dataset import read_data_yaml
from train.data.loader import EpochPlan, TrainingSet, make_loader
from train.data.store import PictureStore
from train.engine.importance import (
    Criterion,
    gamma_importance,
    measure_statistics,
    taylor_importance,
)
from train.loss import DetectionLoss, scale_gains
from train.model import CheckpointContent, DetectionNetwork, load_model, save_checkpoint
from train.model.checkpoint import CheckpointInfo
from train.model.cost import Cost, measure_cost
from train.model.deployment import class_names
from train.model.pruning import Scope, choose_channels, prune, refuse_folded

_PLAIN = Recipe(mosaic=0, affine=0, hsv=0, fliplr=0)  # pictures as they are
_DEFAULT_SIZE = 640


def prune_command(  # noqa: PLR0913 - the options of the command
    weights: Annotated[Path, typer.Option(help="The checkpoint, as best.pt of a run.")],
    data: Annotated[Path, typer.Option(help="data.yaml of the set that it was trained on.")],
    out: Annotated[Path, typer.Option(help="The checkpoint to write.")],
    share: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="Share of all channels to remove.")
    ] = 0.3,
    criterion: Annotated[
        str, typer.Option(help="taylor: by what the loss says; gamma: by normalisation alone.")
    ] = "taylor",
    scope: Annotated[
        str, typer.Option(help="global: the least of all go; layer: the same share of each layer.")
    ] = "global",
    image_size: Annotated[
        int | None, typer.Option(help="Side of the input; default: as trained.")
    ] = None,
    pictures: Annotated[int, typer.Option(min=1, help="Training pictures to judge by.")] = 256,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures at once.")] = 8,
    seed: Annotated[int, typer.Option(help="Which pictures.")] = 0,
    threads: Annotated[int, typer.Option(min=0, help="Threads of a CPU; 0: all cores.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Remove the channels that matter least; widths stay multiples of 8.

    The result is an ordinary checkpoint of a narrower network. It finds less at first: fine-tune it
    with `train fit --weights`.

    Example: python -m train prune --weights runs/pets09/best.pt --data data/pets09/data.yaml
    --share 0.3 --out narrow.pt
    """
    chosen: Criterion = one_of("--criterion", criterion, get_args(Criterion))
    reach: Scope = one_of("--scope", scope, get_args(Scope))
    if threads:
        torch.set_num_threads(threads)
    model, info = load_model(weights)
    refuse_folded(model)
    stride = max(model.strides)
    side = checked_size(image_size or _trained_size(info), stride)
    spec = read_data_yaml(data)
    if info.names and info.names != spec.class_names:
        msg = f"{weights} knows the classes {list(info.names)}, {data} has {list(spec.class_names)}"
        raise ModelError(msg)
    store = PictureStore(spec.samples("train"), side)
    dataset = TrainingSet(store, _PLAIN, seed, EpochPlan(0, side, mosaic=False, stride=stride))
    order = torch.randperm(len(store), generator=torch.Generator().manual_seed(seed))
    loader = make_loader(dataset, order[:pictures].tolist(), batch_size, workers=0)
    if chosen == "gamma":
        importance = gamma_importance(model)
    else:
        gains = scale_gains(Recipe().model_dump(), model.num_classes, side, len(model.strides))
        importance = taylor_importance(model, DetectionLoss(model, gains), loader)
    narrow = prune(model.eval(), choose_channels(importance, share, reach))
    measure_statistics(narrow, loader)
    facts = {"pruned_from": weights.name, "pruned_share": share, "image_size": side}
    metadata = dict(info.metadata) | facts
    save_checkpoint(out, narrow, CheckpointContent(class_names(info), metadata=metadata))
    _tell(out, model, narrow, side, as_json=as_json)


def _trained_size(info: CheckpointInfo) -> int:
    size = info.metadata.get("image_size")
    return size if isinstance(size, int) else _DEFAULT_SIZE


def _tell(
    out: Path, before: DetectionNetwork, after: DetectionNetwork, side: int, *, as_json: bool
) -> None:
    costs: list[Cost] = [measure_cost(network.eval(), (side, side)) for network in (before, after)]
    if as_json:
        names = ("before", "after")
        content = {
            name: {"parameters": cost.parameters, "gflops": round(cost.gflops, 3)}
            for name, cost in zip(names, costs, strict=True)
        }
        typer.echo(json.dumps(content | {"image_size": side, "model": before.architecture.name}))
        return
    old, new = costs
    Console(stderr=True).print(
        f"{out}: {before.architecture.name}, {old.parameters:,} parameters became "
        f"{new.parameters:,}, {old.gflops:.2f} GFLOPs at {side} px became {new.gflops:.2f}; "
        f"fine-tune with: python -m train fit --model {before.architecture.name} --weights {out}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
