"""`train predict`: what a model sees in pictures or a video, to look at and to read."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress

from edgedet.errors import DataError
from train.commands.options import checked_size, one_of
from train.commands.predictions import LINES_FILE, PredictionFolder
from train.engine.precision import choose_device
from train.evaluate import BACKENDS, EvaluationSettings, open_predictor
from train.evaluate.backends import device_thresholds
from train.evaluate.frames import open_source
from train.evaluate.inference import detect_images

ItemT = TypeVar("ItemT")

_INCOMPLETE = 1  # exit code


def predict(  # noqa: PLR0913 - the options of the command
    weights: Annotated[
        Path, typer.Option(help="A checkpoint, a model.onnx, or the folder of a bundle.")
    ],
    source: Annotated[str, typer.Option(help="A picture, a folder of them, or a video file.")],
    out: Annotated[Path, typer.Option(help="New folder for what is found.")],
    score_threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Lowest score; default: the bundle's, else 0.25."),
    ] = None,
    iou_threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="NMS threshold; default: the bundle's, else 0.45."),
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(help="Side of the input; default: as trained.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures at once.")] = 8,
    backend: Annotated[
        str, typer.Option(help="What runs a bundle or graph: auto, onnxruntime, …")
    ] = "auto",
    device: Annotated[
        str, typer.Option(help="What runs a checkpoint: auto, cpu, cuda, …")
    ] = "auto",
    draw: Annotated[bool, typer.Option(help="Write pictures, or a video, with boxes.")] = True,
    yolo: Annotated[bool, typer.Option("--yolo", help="Write YOLO labels too.")] = False,
) -> None:
    """Detect objects in pictures or a video: detections.jsonl, and the pictures with boxes.

    A picture that cannot be decoded is told and left out; the exit code is then 1.

    Example: python -m train predict --weights runs/pets09/best.pt --source pictures/ --out seen
    """
    files = open_source(source)
    input_hw = None if image_size is None else (checked_size(image_size), image_size)
    predictor, names = open_predictor(
        weights,
        input_hw,
        backend=one_of("--backend", backend, BACKENDS),
        device=str(choose_device(device)),
        as_trained=True,
    )
    usual = device_thresholds(weights)
    settings = EvaluationSettings(
        score_threshold=usual.score if score_threshold is None else score_threshold,
        iou_threshold=usual.iou if iou_threshold is None else iou_threshold,
    )
    # a checkpoint of another project may not say what its classes are called
    names = names or tuple(f"class {number}" for number in range(10_000))
    console = Console(stderr=True)
    frames = objects = 0
    corrupt: list[DataError] = []
    with (
        PredictionFolder(out, files, names, draws=draw, yolo=yolo) as folder,
        Progress(console=console, disable=not console.is_terminal, transient=True) as bar,
    ):
        task = bar.add_task("frames" if files.video else "pictures", total=files.total)
        for part in _batches(files.read(corrupt.append), batch_size):
            results = detect_images(predictor, [frame.image_hwc for frame in part], settings)
            for frame, found in zip(part, results, strict=True):
                folder.add(frame, found)
                objects += len(found)
            frames += len(part)
            bar.advance(task, len(part))
    for error in corrupt:
        console.print(str(error), markup=False, soft_wrap=True)
    left_out = f"; {len(corrupt)} left out" if corrupt else ""
    console.print(
        f"{out / LINES_FILE}: {objects} objects in {frames} "
        f"{'frames' if files.video else 'pictures'}, score > {settings.score_threshold}, "
        f"NMS IoU {settings.iou_threshold}, {predictor.backend}{left_out}",
        markup=False,
        soft_wrap=True,
    )
    if corrupt:
        raise typer.Exit(_INCOMPLETE)


def _batches(items: Iterator[ItemT], size: int) -> Iterator[list[ItemT]]:
    while part := list(itertools.islice(items, size)):
        yield part
