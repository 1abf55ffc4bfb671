"""The pictures of docs/augmentation.md: `python -m docs.augmentation.make_pictures`.

Each shows a picture as it is and twice as the network sees it with one augmentation alone, from the
very code that training uses.
"""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docs.augmentation.scene import write_set
from train.augmentations import NAMES, isolate
from train.commands.sheet import lay_out, mark_objects, write_picture
from train.config import Recipe, load_recipe
from train.data.dataset import DataSpec, read_data_yaml
from train.data.loader import EpochPlan, TrainingSet
from train.data.store import CachePlan, PictureStore

FOLDER = Path(__file__).resolve().parent
_PICTURES = 80  # enough of each camera for a backdrop
_SIDE = 256
_SHOWN = 12  # the picture that most examples are made of
_SIZES = (192, 256, 320)  # of batches, for multi-scale


def main() -> None:
    """Write a JPEG for each augmentation, and one for a whole recipe."""
    with tempfile.TemporaryDirectory() as folder:
        spec = read_data_yaml(write_set(Path(folder) / "street", _PICTURES))
        store = PictureStore(spec.samples("train"), _SIDE, CachePlan("ram"))
        store.preload()
        for name in NAMES:
            if name == "affine":
                continue  # the five that it stands for have pictures of their own
            recipe = isolate(Recipe(), [name])
            sides = _SIZES if name == "multi_scale" else (_SIDE, _SIDE)
            seen = [] if name == "multi_scale" else [_see(spec, store, isolate(recipe, []))]
            seen += [_see(spec, store, recipe, k, side) for k, side in enumerate(sides)]
            write_picture(
                FOLDER / f"{name}.jpg", lay_out(seen, columns=3, widest_px=640), quality=60
            )
        whole = load_recipe("scratch").model_copy(update={"mixup": 0.2, "copy_paste": 0.5})
        mixed = [_see(spec, store, whole, k) for k in range(6)]
        write_picture(FOLDER / "all.jpg", lay_out(mixed, columns=3, widest_px=640), quality=60)


def _see(
    spec: DataSpec, store: PictureStore, recipe: Recipe, repetition: int = 0, side: int = _SIDE
) -> NDArray[np.uint8]:
    dataset = TrainingSet(store, recipe, 0, EpochPlan(0, side, mosaic=True))
    planes, labels = dataset[_SHOWN + repetition * len(store), side]
    image = np.ascontiguousarray(planes.transpose(1, 2, 0))
    return mark_objects(image, labels, spec.class_names)


if __name__ == "__main__":
    main()
