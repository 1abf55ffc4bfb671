"""`train ingest coco`: COCO instances JSON."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edgedet.errors import DataError, UsageError
from train.commands.ingest import shared
from train.data.description import SPLITS
from train.data.ingest.annotated import Tally
from train.data.ingest.coco import CocoFile, read_coco
from train.data.ingest.split import Shares


def coco(  # noqa: PLR0913 - the options of the command
    images: Annotated[Path, typer.Option(help="Folder that holds the pictures.")],
    out: shared.Out,
    annotations: Annotated[
        Path | None, typer.Option(help="One JSON for all pictures, to be split here.")
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="SPLIT=JSON, e.g. train=a.json; may be repeated.")
    ] = None,
    val_share: shared.ValShare = 0.2,
    test_share: shared.TestShare = 0.0,
    seed: shared.Seed = 0,
    group_by: shared.GroupBy = "",
    pictures: shared.Pictures = "copy",
    previous: shared.Previous = None,
) -> None:
    """Turn COCO instances JSON into a YOLO data set.

    Class ids are counted from 0 in order of category id. Crowd annotations are left out, and
    everything left out is counted.

    Example: python -m train ingest coco --images photos --annotations instances.json
    --val-share 0.2 --out data/photos
    """
    if (annotations is None) == (not split):
        msg = "give either --annotations JSON or --split SPLIT=JSON, at least once"
        raise UsageError(msg)
    tally, console = Tally(), Console(stderr=True)
    target = shared.Target(out, pictures, previous)
    if annotations is not None:
        whole = read_coco(annotations, images, "", tally)
        shares = Shares(val_share, test_share, seed, group_by)
        shared.write_set(console, target, whole.class_names, whole.items, tally, shares=shares)
        return
    files = [(name, read_coco(path, images, name, tally)) for name, path in _splits(split or [])]
    names = _agreed_names(files)
    items = [item for _, file in files for item in file.items]
    shared.write_set(console, target, names, items, tally, how="as given, a file each")


def _splits(texts: list[str]) -> list[tuple[str, Path]]:
    found = []
    for text in texts:
        name, _, path = text.partition("=")
        if name not in SPLITS or not path:
            msg = f"--split {text}: expected train=FILE, val=FILE or test=FILE"
            raise UsageError(msg)
        found.append((name, Path(path)))
    return found


def _agreed_names(files: list[tuple[str, CocoFile]]) -> tuple[str, ...]:
    first = files[0][1].class_names
    for split, file in files[1:]:
        if file.class_names != first:
            msg = (
                f"the files have different categories: {files[0][0]} has {list(first)}, "
                f"{split} has {list(file.class_names)}"
            )
            raise DataError(msg)
    return first
