"""`train export --format`: the part of the command that writes files for other runtimes."""

from pathlib import Path

import numpy as np
from rich.console import Console

from train.data.dataset import read_data_yaml
from train.evaluate.inputs import fit_fixed
from train.formats.export import CheckPictures, export_format
from train.formats.facts import ExportFacts

BUNDLE = "bundle"
"""The format that is no file for another runtime."""
_CHECK_PICTURES = 8


def export_foreign(  # noqa: PLR0913 - options of the command
    weights: Path, out: Path, format_name: str, name: str, side: int, data: Path | None
) -> None:
    """Write `out` in a format, compared with the checkpoint on pictures of `data`; say how it went.

    Raises:
        ModelError: If it cannot be made, or computes something else.
        DataError: If the pictures cannot be read.
    """
    pictures = None if data is None else _check_pictures(data, side)
    facts = export_format(
        weights, out, format_name, name=name, image_hw=(side, side), pictures=pictures
    )
    _tell(out, facts)


def _check_pictures(data: Path, side: int) -> CheckPictures:
    """Pictures spread over the val split, as the device would letterbox them."""
    samples = read_data_yaml(data).samples("val")
    chosen = samples[:: max(1, len(samples) // _CHECK_PICTURES)][:_CHECK_PICTURES]
    images = [fit_fixed(sample.load(), (side, side))[0] for sample in chosen]
    told = f"{len(images)} of val, {data.absolute().parent.name}/{data.name}"
    return CheckPictures(np.stack(images), told)


def _tell(out: Path, facts: ExportFacts) -> None:
    check = facts.check
    told = (
        f"not compared: {check.not_run}"
        if check.not_run
        else f"within {check.box_px:.4f} px and {check.score:.6f} of score of the checkpoint on "
        f"{check.pictures}"
    )
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
    Console(stderr=True).print(
        f"{out}: {facts.file}, {facts.height} px, {size:.1f} MB, {told}",
        markup=False,
        soft_wrap=True,
    )
