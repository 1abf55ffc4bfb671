"""`train evaluate`: AP of a checkpoint or a bundle, with the device's own post-processing."""

import json
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from edgedet.errors import ModelError
from edgedet.manifest import Thresholds, read_bundle
from train.commands.options import checked_size, one_of
from train.data.dataset import read_data_yaml
from train.evaluate import (
    BACKENDS,
    EvaluationReport,
    EvaluationSettings,
    Method,
    evaluate,
    open_predictor,
)


def evaluate_command(  # noqa: PLR0913 - the options of the command
    weights: Annotated[Path, typer.Option(help="A checkpoint, or the folder of a bundle.")],
    data: Annotated[Path, typer.Option(help="data.yaml of the set to score on.")],
    split: Annotated[str, typer.Option(help="Which split: train, val or test.")] = "val",
    image_size: Annotated[
        int | None, typer.Option(help="Side of the input; default: as trained.")
    ] = None,
    iou_threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="NMS threshold; default: the bundle's, else 0.45."),
    ] = None,
    method: Annotated[str, typer.Option(help="coco, or the original's trapezoid.")] = "coco",
    backend: Annotated[str, typer.Option(help="What runs a bundle: auto, onnxruntime, …")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Score a model: AP@50 and AP@50:95 at a score threshold of 0.001.

    Example: python -m train evaluate --weights runs/pets09/best.pt --data data/pets09/data.yaml
    """
    chosen_method: Method = one_of("--method", method, get_args(Method))
    chosen_backend = one_of("--backend", backend, BACKENDS)
    input_hw = None if image_size is None else (checked_size(image_size), image_size)
    spec = read_data_yaml(data)
    samples = spec.samples(split)
    predictor, names = open_predictor(weights, input_hw, backend=chosen_backend)
    if names and tuple(names) != spec.class_names:
        msg = f"{weights} knows the classes {list(names)}, {data} has {list(spec.class_names)}"
        raise ModelError(msg)
    settings = EvaluationSettings(
        iou_threshold=_device_threshold(weights) if iou_threshold is None else iou_threshold,
        method=chosen_method,
    )
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("pictures", total=len(samples))
        report = evaluate(
            predictor, samples, spec.class_names, settings, lambda _: bar.advance(task)
        )
    if as_json:
        typer.echo(json.dumps(report.to_json() | {"data_id": spec.digest(), "split": split}))
    else:
        Console().print(_table(report))


def _device_threshold(weights: Path) -> float:
    """The NMS threshold that a device would use."""
    return (read_bundle(weights).manifest.thresholds if weights.is_dir() else Thresholds()).iou


def _table(report: EvaluationReport) -> Table:
    caption = (
        f"{report.images} pictures, {report.backend}, {report.input_hw[0]}x{report.input_hw[1]}, "
        f"NMS IoU {report.iou_threshold}, score > {report.score_threshold}, {report.method} AP; "
        f"precision and recall at score {report.best_score:.3f}"
    )
    table = Table(caption=caption)
    table.add_column("class")
    for heading in ("labels", "AP@50", "AP@50:95", "precision", "recall"):
        table.add_column(heading, justify="right")
    overall = (report.labels, report.ap50, report.ap, report.precision, report.recall)
    rows = [("all", *overall)]
    rows += [(c.name, c.labels, c.ap50, c.ap, c.precision, c.recall) for c in report.per_class]
    for name, labels, *numbers in rows:
        table.add_row(name, str(labels), *(f"{number:.4f}" for number in numbers))
    return table
