"""`train reparameterize`: a checkpoint becomes the smaller one that answers the same."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edgedet.errors import UsageError
from train.model.deployment import reparameterise


def reparameterize(
    weights: Annotated[Path, typer.Option(help="A checkpoint of ours or an official one.")],
    out: Annotated[Path, typer.Option(help="The checkpoint to write, in another place.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Fold what only training needs: normalisation, RepConv branches, implicit and auxiliary heads.

    The result runs faster and answers the same: on random pictures, in double precision, boxes move
    by at most 1e-4 of the picture's side and scores by at most 1e-4, or nothing is written. It is
    an ordinary checkpoint for evaluate and export; keep the other one to go on training.

    Example: python -m train reparameterize --weights yolov7-w6_training.pt --out w6.pt
    """
    if weights.resolve() == out.resolve():
        msg = f"--out {out}: is the checkpoint itself; give another file, to train on with the old"
        raise UsageError(msg)
    result = reparameterise(weights, out)
    if as_json:
        typer.echo(json.dumps(asdict(result)))
        return
    before, after = result.parameters
    Console(stderr=True).print(
        f"{out}: {result.name}, {before:,} parameters became {after:,}; boxes moved by at most "
        f"{result.box:.1g} of the picture, scores by {result.score:.1g}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
