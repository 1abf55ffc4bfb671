"""`train ingest mot`: MOTChallenge ground truth and its video."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from train.commands.ingest.shared import Out, tell
from train.data.ingest.mot import FrameRange, ingest_mot
from train.data.ingest.mot_rows import TruthClasses


def mot(  # noqa: PLR0913 - the options of the command
    video: Annotated[Path, typer.Option(help="The video that was annotated.")],
    gt: Annotated[Path, typer.Option(help="Its MOTChallenge ground truth (gt.txt).")],
    split: Annotated[
        list[str],
        typer.Option(help="Frames of a split, first frame 1, /N: every Nth; may be repeated."),
    ],
    out: Out,
    class_name: Annotated[str, typer.Option(help="What the boxes hold.")] = "person",
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--class", help="NUMBER=NAME: a class in column 8 (MOT16 and later); may be repeated."
        ),
    ] = None,
) -> None:
    """Turn MOTChallenge ground truth and its video into a YOLO data set.

    Rows with flag 0 are ignored, boxes are clipped to the picture, every frame in a split becomes a
    picture, with or without objects.

    Example: python -m train ingest mot --video vtest.avi --gt gt.txt --split train=1-499/2
    --split val=501-600 --out data/pets09
    """
    ranges = [FrameRange.parse(text) for text in split]
    wanted = TruthClasses.parse(classes or [], class_name)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("frames", total=sum(len(each.frames) for each in ranges))
        written = ingest_mot(
            video, gt, ranges, wanted, out, lambda done: bar.update(task, completed=done)
        )
    tell(console, out, wanted.names, written, ["split as given, by frames"])
