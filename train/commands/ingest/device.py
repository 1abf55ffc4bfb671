"""`train ingest device`: frames that a device kept, and somebody labelled."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from train.commands.ingest import shared
from train.data.ingest.annotated import Tally
from train.data.ingest.device import BY_HOUR, read_device
from train.data.ingest.split import Shares


def device(  # noqa: PLR0913 - the options of the command
    samples: Annotated[
        Path, typer.Option(help="The folder that the device sampled into, or a copy of it.")
    ],
    out: shared.Out,
    labels: Annotated[
        Path | None,
        typer.Option(help="Folder of label files, as a labelling tool exports; else those inside."),
    ] = None,
    accept_predictions: Annotated[
        bool,
        typer.Option(
            "--accept-predictions",
            help="Take pictures whose labels are as the device's model wrote them.",
        ),
    ] = False,
    val_share: shared.ValShare = 0.2,
    test_share: shared.TestShare = 0.0,
    seed: shared.Seed = 0,
    group_by: Annotated[
        str,
        typer.Option(
            help="Keep pictures together: folder, or a regular expression on names; default: those "
            "that a source took within the same hour."
        ),
    ] = BY_HOUR,
    pictures: shared.Pictures = "copy",
    previous: shared.Previous = None,
) -> None:
    """Turn the labelled frames of a device into a checked YOLO data set with a split.

    Example: python -m train ingest device --samples labelling --out data/gates-may
    """
    tally = Tally()
    found = read_device(samples, labels, tally, accepts_predictions=accept_predictions)
    shared.write_set(
        Console(stderr=True),
        shared.Target(out, pictures, previous),
        found.class_names,
        found.items,
        tally,
        shares=Shares(val_share, test_share, seed, group_by),
        origin=found.origin,
    )
