"""`train quantize`: an INT8 bundle, measured beside the float model before it may leave."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from train.commands.options import checked_size, one_of
from train.commands.quantize_tables import print_outcome
from train.evaluate import BACKENDS
from train.quantize.calibrate import DEFAULT_PERCENTILE
from train.quantize.gate import DEFAULT_BUDGET_POINTS
from train.quantize.job import quantize
from train.quantize.options import QuantizeOptions
from train.quantize.pictures import DEFAULT_COUNT
from train.quantize.progress import Stages, Step
from train.quantize.scale_table import Method
from train.quantize.source import Wishes

_CALIBRATORS: tuple[Method, ...] = ("histogram-mse", "percentile", "max")


def quantize_command(  # noqa: PLR0913 - the options of the command
    weights: Annotated[Path, typer.Option(help="A checkpoint, or the folder of a bundle.")],
    data: Annotated[
        Path, typer.Option(help="data.yaml: train calibrates, another split is scored.")
    ],
    out: Annotated[
        Path, typer.Option(help="Folder of the INT8 bundle; one that is there is replaced.")
    ],
    calibrator: Annotated[
        str | None,
        typer.Option(
            help="histogram-mse, percentile or max; default: the scales of `fit --qat` where the "
            "checkpoint has them, else histogram-mse."
        ),
    ] = None,
    percentile: Annotated[
        float, typer.Option(min=50, max=100, help="Of the values that percentile keeps.")
    ] = DEFAULT_PERCENTILE,
    pictures: Annotated[
        int, typer.Option(min=1, help="Calibration pictures, evenly spread over train.")
    ] = DEFAULT_COUNT,
    budget: Annotated[
        float, typer.Option(min=0, help="Points of AP@50:95 that INT8 may lose.")
    ] = DEFAULT_BUDGET_POINTS,
    search: Annotated[
        bool,
        typer.Option("--search", help="If it loses more, leave the fewest layers in float."),
    ] = False,
    float_layer: Annotated[
        list[str] | None,
        typer.Option(help="A convolution to leave in float; may be given more than once."),
    ] = None,
    split: Annotated[str, typer.Option(help="The split to score on.")] = "val",
    backend: Annotated[
        str, typer.Option(help="What scores: auto (all that are here), onnxruntime, …")
    ] = "auto",
    image_size: Annotated[
        int | None, typer.Option(help="Side of the input; default: as the weights say.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name; default: the folder's.")] = None,
    version: Annotated[
        str | None, typer.Option(help="Version; default: the bundle's, else 1.")
    ] = None,
    score_threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="On devices; default: as the weights say.")
    ] = None,
    iou_threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="On devices; default: as the weights say.")
    ] = None,
    note: Annotated[str, typer.Option(help="A remark for the manifest, as on licences.")] = "",
    against: Annotated[
        Path | None,
        typer.Option(
            help="Float checkpoint or bundle to compare with; default: the weights as they were "
            "before `fit --qat`, or their own float form."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Calibrate with pictures that the checks refuse.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Write an INT8 bundle; refuse if it loses more accuracy than the budget.

    Example: python -m train quantize --weights runs/pets09/best.pt --data data/pets09/data.yaml
    --out models/person
    """
    options = QuantizeOptions(
        weights=weights,
        data=data,
        out=out,
        wishes=Wishes(
            name=name or out.resolve().name,
            version=version,
            image_size=None if image_size is None else checked_size(image_size),
            score_threshold=score_threshold,
            iou_threshold=iou_threshold,
            note=note,
        ),
        calibrator=None if calibrator is None else one_of("--calibrator", calibrator, _CALIBRATORS),
        percentile=percentile,
        pictures=pictures,
        budget_points=budget,
        split=split,
        backend=one_of("--backend", backend, BACKENDS),
        float_layers=float_layer or (),
        search=search,
        force=force,
        against=against,
        command=sys.argv[1:],
    )
    with quiet_detectors(), shown_stages(Console(stderr=True)) as stages:
        outcome = quantize(options, stages)
    if as_json:
        typer.echo(json.dumps(outcome.report))
    else:
        print_outcome(Console(), outcome, out)


@contextmanager
def quiet_detectors() -> Iterator[None]:
    """Keep detectors from telling that they were loaded: here that happens many times."""
    logger = logging.getLogger("edgedet.detect")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def shown_stages(console: Console) -> Iterator[Stages]:
    """A bar for each stage on a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    quiet = not console.is_terminal
    with Progress(*columns, console=console, disable=quiet, transient=True) as bar:

        def start(name: str, pieces: int) -> Step:
            for task in bar.task_ids:
                bar.remove_task(task)
            task = bar.add_task(name, total=pieces)
            return lambda: bar.advance(task)

        yield start
