"""`train show`: what the network really sees."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from edgedet.errors import UsageError
from train.augmentations import NAMES, isolate
from train.commands.options import checked_size, one_of
from train.commands.sheet import lay_out, mark_objects, write_picture
from train.config import Recipe, load_recipe
from train.data.dataset import read_data_yaml
from train.data.loader import TrainingSet, largest_side, make_loader
from train.data.store import CachePlan, PictureStore
from train.engine.sampling import epoch_order
from train.engine.schedule import Schedule

_EPOCHS = 100  # of the run that --epoch-share is a share of
_BATCH = 4  # pictures of one size, with multi_scale
_SHEETS = (".png", ".jpg", ".jpeg")

Seen = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""A picture (H, W, 3) and its labels (n, 5): class id, cx, cy, w, h as shares."""


def show(  # noqa: PLR0913 - the options of the command
    data: Annotated[Path, typer.Argument(help="data.yaml of the set.")],
    out: Annotated[Path, typer.Option(help="A .png or .jpg for a sheet, or a folder.")],
    recipe: Annotated[str, typer.Option(help="A name in configs/train, or a file.")] = "finetune",
    image_size: Annotated[int, typer.Option(min=32, help="Side of the input, pixels.")] = 640,
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 16,
    epoch_share: Annotated[
        float, typer.Option(min=0, max=1, help="When in the run: 0 begins, 1 ends it.")
    ] = 0.0,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "train",
    only: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Nothing but this, in every picture; may be repeated. {'|'.join(NAMES)}"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same pictures.")] = 0,
) -> None:
    """Write the pictures that the network is trained on, with their boxes and class names.

    They come from the code that training uses, batches and all. A sheet is shrunk to what fits a
    screen; a folder gets every picture as it is.

    Names for --only: mosaic, mosaic9, mixup, cutmix, copy_paste, affine (or of that degrees,
    translate, scale, shear or perspective alone), hsv, brightness_contrast, noise, clahe, gridmask,
    flipud, fliplr, multi_scale.

    Example: python -m train show data/pets09/data.yaml --recipe scratch --image-size 416
    --out seen.png
    """
    checked_size(image_size)
    chosen = load_recipe(recipe)
    for name in only or ():
        one_of("--only", name, NAMES)
    if only:
        chosen = isolate(chosen, only)
    if out.suffix.lower() not in (*_SHEETS, "") or (out.suffix == "" and out.is_file()):
        msg = f"--out {out}: expected a file that ends with .png or .jpg, or a folder"
        raise UsageError(msg)
    spec = read_data_yaml(data)
    side = largest_side(chosen, image_size)
    store = PictureStore(spec.samples(split), side, CachePlan("none"))
    pictures, objects = [], np.zeros(len(spec.class_names), dtype=int)
    for image, labels in seen_pictures(store, chosen, image_size, count, epoch_share, seed):
        pictures.append(mark_objects(image, labels, spec.class_names))
        objects += np.bincount(labels[:, 0].astype(int), minlength=len(objects))
    if out.suffix:
        write_picture(out, lay_out(pictures))
    else:
        for number, picture in enumerate(pictures):
            write_picture(out / f"{number:03d}.png", picture)
    found = [f"{name} {n}" for name, n in zip(spec.class_names, objects, strict=True) if n]
    Console(stderr=True).print(
        f"{out}: {len(pictures)} pictures with {objects.sum()} objects: {', '.join(found) or '-'}",
        markup=False,
        soft_wrap=True,
    )


def seen_pictures(  # noqa: PLR0913 - what a picture depends on
    store: PictureStore,
    recipe: Recipe,
    image_size: int,
    count: int,
    epoch_share: float = 0.0,
    seed: int = 0,
) -> Iterator[Seen]:
    """The first `count` pictures of an epoch; where the set has fewer, some again but otherwise."""
    schedule = Schedule(recipe, _EPOCHS, 1)
    epoch = min(int(epoch_share * _EPOCHS), _EPOCHS - 1)
    dataset = TrainingSet(store, recipe, seed, schedule.epoch_plan(epoch, image_size))
    shuffled = epoch_order(len(store), seed, epoch).tolist()
    order = [shuffled[n % len(store)] + n // len(store) * len(store) for n in range(count)]
    for images, targets in make_loader(dataset, order, _BATCH, workers=0):
        for number, image in enumerate(images):
            labels = targets[targets[:, 0] == number, 1:]
            yield np.ascontiguousarray(image.permute(1, 2, 0).numpy()), labels.numpy()
