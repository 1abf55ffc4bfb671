"""`train ingest`: other people's annotations, turned into a checked YOLO data set."""

import typer

from train.commands.ingest.coco import coco
from train.commands.ingest.device import device
from train.commands.ingest.mot import mot
from train.commands.ingest.roboflow import roboflow
from train.commands.ingest.voc import voc
from train.commands.ingest.yolo import yolo

__all__ = ["ingest_app"]

ingest_app = typer.Typer(
    help="Turn annotations of another form into a YOLO data set.",
    no_args_is_help=True,
    add_completion=False,
)


@ingest_app.callback()
def _ingest() -> None:
    """Turn annotations of another form into a YOLO data set."""


for command in (coco, device, mot, roboflow, voc, yolo):
    ingest_app.command()(command)
