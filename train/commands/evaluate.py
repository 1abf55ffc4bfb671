"""`train evaluate`: what a checkpoint, a graph or a bundle finds, and what its mistakes cost."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.progress import Progress

from edgedet.errors import ModelError, UsageError
from train.commands.options import checked_size, one_of
from train.commands.score_tables import print_scores
from train.data.dataset import DataSpec, read_data_yaml
from train.engine import choose_device
from train.evaluate import (
    BACKENDS,
    EvaluationReport,
    EvaluationSettings,
    InputShape,
    Method,
    PictureResult,
    assess,
    evaluate,
    open_predictor,
)
from train.evaluate.backends import device_thresholds
from train.model import read_checkpoint
from train.quantize.scale_table import METADATA_KEY
from train.report import write_evaluation


def evaluate_command(  # noqa: PLR0913 - the options of the command
    weights: Annotated[
        Path, typer.Option(help="A checkpoint, a model.onnx, or the folder of a bundle.")
    ],
    data: Annotated[Path, typer.Option(help="data.yaml of the set to score on.")],
    split: Annotated[str, typer.Option(help="Which split: train, val or test.")] = "val",
    image_size: Annotated[
        int | None, typer.Option(help="Side of the input; default: as trained.")
    ] = None,
    shape: Annotated[
        str, typer.Option(help="fixed, as engines run, or the original's padded rect.")
    ] = "fixed",
    score_threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Detections below it do not count.")
    ] = 0.001,
    iou_threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="NMS threshold; default: the bundle's, else 0.45."),
    ] = None,
    method: Annotated[
        str, typer.Option(help="Whose AP comes first: coco (pycocotools), or trapezoid.")
    ] = "coco",
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures at once.")] = 8,
    backend: Annotated[
        str, typer.Option(help="What runs a bundle or graph: auto, onnxruntime, …")
    ] = "auto",
    device: Annotated[
        str, typer.Option(help="What runs a checkpoint: auto, cpu, cuda, …")
    ] = "auto",
    report: Annotated[
        Path | None, typer.Option(help="Write a page with curves, errors and pictures here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Score a model the way that the device runs it: AP, errors by cost, thresholds, speed.

    Example: python -m train evaluate --weights runs/pets09/best.pt --data data/pets09/data.yaml
    --report pets09.html
    """
    settings = EvaluationSettings(
        score_threshold=score_threshold,
        iou_threshold=device_thresholds(weights).iou if iou_threshold is None else iou_threshold,
        method=one_of("--method", method, get_args(Method)),
        shape=one_of("--shape", shape, get_args(InputShape)),
        batch_size=batch_size,
    )
    chosen_backend = one_of("--backend", backend, BACKENDS)
    _refuse_rect(weights, settings)
    input_hw = None if image_size is None else (checked_size(image_size), image_size)
    if report is not None and not report.absolute().parent.is_dir():
        msg = f"--report {report}: there is no folder {report.absolute().parent}; make it first"
        raise UsageError(msg)
    spec = read_data_yaml(data)
    predictor, names = open_predictor(
        weights,
        input_hw,
        backend=chosen_backend,
        class_names=spec.class_names,
        device=str(choose_device(device)),
        as_trained=True,
    )
    if names and tuple(names) != spec.class_names:
        msg = f"{weights} knows the classes {list(names)}, {data} has {list(spec.class_names)}"
        raise ModelError(msg)
    samples = spec.samples(split)
    console = Console(stderr=True)
    if _was_trained_as_int8(weights):
        console.print(
            f"{weights} was trained to be INT8 and is scored so; `train quantize` makes the bundle",
            markup=False,
            soft_wrap=True,
        )
    results: list[PictureResult] = []
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("pictures", total=len(samples))

        def keep(result: PictureResult) -> None:
            results.append(result)
            bar.advance(task)

        scores = evaluate(predictor, samples, spec.class_names, settings, keep)
    _tell(_Scored(weights, spec, split, scores, results), report, as_json=as_json)


def _was_trained_as_int8(weights: Path) -> bool:
    is_checkpoint = weights.is_file() and weights.suffix != ".onnx"
    return is_checkpoint and METADATA_KEY in read_checkpoint(weights).info.metadata


@dataclass(frozen=True, slots=True)
class _Scored:
    """What was scored and what came out."""

    weights: Path
    spec: DataSpec
    split: str
    scores: EvaluationReport
    results: list[PictureResult]


def _tell(scored: _Scored, page: Path | None, *, as_json: bool) -> None:
    """Print what was found, and write the page."""
    scores = scored.scores
    assessment = assess(scored.results, scored.spec.class_names, scores.max_detections)
    ap50, ap = assessment.scores(scores.method)
    scores = replace(scores, ap50=ap50, ap=ap)
    if page is not None:
        facts = {"weights": str(scored.weights), "data": str(scored.spec.path)}
        facts |= {"split": scored.split, "data id": scored.spec.digest()}
        write_evaluation(page, scores, assessment, scored.results, facts)
        Console(stderr=True).print(f"report: {page}", markup=False, soft_wrap=True)
    if as_json:
        about = {"data_id": scored.spec.digest(), "split": scored.split}
        typer.echo(json.dumps(scores.to_json() | assessment.to_json() | about))
    else:
        print_scores(Console(), scores, assessment)


def _refuse_rect(weights: Path, settings: EvaluationSettings) -> None:
    """Rectangles need a network that takes any shape."""
    if settings.shape == "rect" and (weights.is_dir() or weights.suffix == ".onnx"):
        msg = (
            f"--shape rect: {weights} takes pictures of one shape; score its checkpoint, "
            "or leave the shape fixed"
        )
        raise UsageError(msg)
