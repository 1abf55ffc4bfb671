"""`train ingest`: other people's annotations, turned into a checked YOLO data set."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from train.data.mot import FrameRange, ingest_mot

ingest_app = typer.Typer(
    help="Turn annotations of another form into a YOLO data set.", no_args_is_help=True
)


@ingest_app.callback()
def _ingest() -> None:
    """Turn annotations of another form into a YOLO data set."""


@ingest_app.command("mot")
def mot(
    video: Annotated[Path, typer.Option(help="The video that was annotated.")],
    gt: Annotated[Path, typer.Option(help="Its MOTChallenge ground truth (gt.txt).")],
    split: Annotated[
        list[str], typer.Option(help="Frames of a split, first frame 1; may be repeated.")
    ],
    out: Annotated[Path, typer.Option(help="New folder for pictures, labels and data.yaml.")],
    class_name: Annotated[str, typer.Option(help="What the boxes hold.")] = "person",
) -> None:
    """Turn MOTChallenge ground truth and its video into a YOLO data set.

    Rows with flag 0 are ignored, boxes are clipped to the picture, every frame in a split becomes a
    picture, with or without objects.

    Example: python -m train ingest mot --video vtest.avi --gt gt.txt --split train=1-500
    --split val=501-600 --out data/pets09
    """
    ranges = [FrameRange.parse(text) for text in split]
    console = Console(stderr=True)
    total = sum(r.last - r.first + 1 for r in ranges)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("frames", total=total)
        summary = ingest_mot(
            video, gt, ranges, class_name, out, lambda done: bar.update(task, completed=done)
        )
    console.print(
        f"{out / 'data.yaml'}: {summary.images} pictures, {summary.objects} objects; "
        f"{summary.ignored_rows} rows ignored (flag 0), {summary.outside_boxes} boxes left out "
        f"(outside the picture), {summary.clipped_boxes} clipped",
        markup=False,
        soft_wrap=True,
    )
