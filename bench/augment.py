"""Milliseconds a picture of each augmentation and of each recipe, on one thread.

    python bench/augment.py [--data DATA.yaml] [--image-size 416] [--rounds 5]

The thread's own time counts, so that what else the machine does matters little, and all take turns.
Pictures are in memory, as they are in training.
"""

import argparse
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.random import default_rng

from train.augmentations import NAMES, isolate
from train.config import RECIPE_FOLDER, Recipe, load_recipe
from train.data.dataset import Sample, read_data_yaml
from train.data.loader import EpochPlan, TrainingSet
from train.data.store import CachePlan, PictureStore

_PICTURES = 64
_PEOPLE = 6


class _Drawn(Sample):
    """A picture of smooth noise, 576 x 768 as PETS09 has them."""

    def load(self) -> np.ndarray:
        noise = default_rng(int(self.path.stem)).integers(0, 256, (36, 48, 3), dtype=np.uint8)
        return np.asarray(cv2.resize(noise, (768, 576)), dtype=np.uint8)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a set to take pictures from, else made ones")
    parser.add_argument("--image-size", type=int, default=416)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(0)
    store = make_store(options.data, options.image_size)
    ways = {"nothing": isolate(Recipe(), [])}
    ways |= {name: isolate(Recipe(), [name]) for name in NAMES if name != "multi_scale"}
    ways |= {f"recipe {path.stem}": load_recipe(path.stem) for path in shipped()}
    plan = EpochPlan(0, options.image_size, mosaic=True)
    sets = {name: TrainingSet(store, recipe, 0, plan) for name, recipe in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in sets}
    for number in range(options.rounds * _PICTURES):
        for name, dataset in sets.items():
            start_s = time.thread_time()
            dataset[number]
            times[name].append((time.thread_time() - start_s) * 1000)
    print(f"OpenCV {cv2.__version__}, one thread, {options.image_size} px, {len(store)} pictures")
    print(f"{'what':<24} {'median ms':>10} {'mean ms':>9}")
    for name, values in times.items():
        print(f"{name:<24} {statistics.median(values):10.2f} {statistics.fmean(values):9.2f}")


def shipped() -> list[Path]:
    """The recipes that come with the project."""
    return sorted(RECIPE_FOLDER.glob("*.yaml"))


def make_store(data: Path | None, side: int) -> PictureStore:
    """Up to 64 pictures, in memory."""
    if data is None:
        rng = default_rng(0)
        centres, sizes = (
            rng.uniform(low, high, (_PEOPLE, 2)) for low, high in ((0.2, 0.8), (0.05, 0.15))
        )
        rows = np.concatenate([np.zeros((_PEOPLE, 1)), centres, sizes], axis=1).astype(np.float32)
        samples: list[Sample] = [_Drawn(Path(f"{n}.png"), rows) for n in range(_PICTURES)]
    else:
        samples = read_data_yaml(data).samples("train")[:_PICTURES]
    store = PictureStore(samples, side, CachePlan("ram"))
    store.preload()
    return store


if __name__ == "__main__":
    main()
