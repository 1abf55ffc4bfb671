"""`train ingest yolo`: a folder of pictures and label files without data.yaml."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edgedet.errors import UsageError
from train.commands.ingest import shared
from train.data.ingest.annotated import Tally
from train.data.ingest.split import Shares
from train.data.ingest.yolo import read_yolo


def yolo(  # noqa: PLR0913 - the options of the command
    images: Annotated[Path, typer.Option(help="Folder of pictures.")],
    out: shared.Out,
    labels: Annotated[
        Path | None, typer.Option(help="Folder of label files; else beside the pictures.")
    ] = None,
    names: Annotated[
        str, typer.Option(help="Class names in order of their ids: person,car. Else classes.txt.")
    ] = "",
    val_share: shared.ValShare = 0.2,
    test_share: shared.TestShare = 0.0,
    seed: shared.Seed = 0,
    group_by: shared.GroupBy = "",
    pictures: shared.Pictures = "copy",
    previous: shared.Previous = None,
) -> None:
    """Turn a folder of pictures and YOLO label files into a data set with a split.

    Example: python -m train ingest yolo --images photos --names person,car --out data/photos
    """
    wanted = shared.names_in(names)
    if len(set(wanted)) != len(wanted):
        msg = f"--names {names}: a name is there twice"
        raise UsageError(msg)
    tally = Tally()
    class_names, items = read_yolo(images, labels, wanted, tally)
    shared.write_set(
        Console(stderr=True),
        shared.Target(out, pictures, previous),
        class_names,
        items,
        tally,
        shares=Shares(val_share, test_share, seed, group_by),
    )
