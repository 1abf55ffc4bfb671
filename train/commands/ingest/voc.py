"""`train ingest voc`: Pascal VOC XML."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edgedet.errors import UsageError
from train.commands.ingest import shared
from train.commands.options import one_of
from train.data.ingest.annotated import Tally
from train.data.ingest.split import Shares
from train.data.ingest.voc import VocPolicy, read_image_sets, read_voc

_UNLISTED = "pictures left out (in no list of --image-sets)"
_POLICIES = ("keep", "drop")


def voc(  # noqa: PLR0913 - the options of the command
    annotations: Annotated[Path, typer.Option(help="Folder of XML files (VOC: Annotations).")],
    images: Annotated[Path, typer.Option(help="Folder of pictures (VOC: JPEGImages).")],
    out: shared.Out,
    image_sets: Annotated[
        Path | None,
        typer.Option(help="Folder with train.txt, val.txt (VOC: ImageSets/Main); else shares."),
    ] = None,
    difficult: Annotated[
        str, typer.Option(help="Objects marked difficult: keep or drop.")
    ] = "drop",
    truncated: Annotated[
        str, typer.Option(help="Objects marked truncated: keep or drop.")
    ] = "keep",
    zero_based: Annotated[
        bool, typer.Option("--zero-based", help="Pixels count from 0 (labelImg), not from 1.")
    ] = False,
    names: Annotated[
        str, typer.Option(help="Classes to take, in this order: person,car. Else all, sorted.")
    ] = "",
    val_share: shared.ValShare = 0.2,
    test_share: shared.TestShare = 0.0,
    seed: shared.Seed = 0,
    group_by: shared.GroupBy = "",
    pictures: shared.Pictures = "copy",
    previous: shared.Previous = None,
) -> None:
    """Turn Pascal VOC annotations into a YOLO data set.

    Class names are sorted unless --names gives an order. Everything left out is counted.

    Example: python -m train ingest voc --annotations VOC/Annotations --images VOC/JPEGImages
    --image-sets VOC/ImageSets/Main --out data/voc
    """
    wanted = shared.names_in(names)
    if len(set(wanted)) != len(wanted):
        msg = f"--names {names}: a name is there twice"
        raise UsageError(msg)
    policy = VocPolicy(
        keep_difficult=one_of("--difficult", difficult, _POLICIES) == "keep",
        keep_truncated=one_of("--truncated", truncated, _POLICIES) == "keep",
        zero_based=zero_based,
        class_names=wanted,
    )
    tally, console = Tally(), Console(stderr=True)
    class_names, items = read_voc(annotations, images, policy, tally)
    target = shared.Target(out, pictures, previous)
    if image_sets is None:
        shares = Shares(val_share, test_share, seed, group_by)
        shared.write_set(console, target, class_names, items, tally, shares=shares)
        return
    chosen = read_image_sets(image_sets, items)
    listed = [
        replace(item, split=chosen[item.path.stem]) for item in items if item.path.stem in chosen
    ]
    tally[_UNLISTED] += len(items) - len(listed)
    how = f"as listed in {image_sets}"
    shared.write_set(console, target, class_names, listed, tally, how=how)
