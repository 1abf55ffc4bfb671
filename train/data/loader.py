"""Batches for the training loop.

What each picture looks like depends on seed, epoch and index alone: neither the number of worker
processes nor a resume changes what the network sees.
"""

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.random import default_rng
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from train.config import Recipe
from train.data.backdrop import Backdrops
from train.data.batches import BatchSizes, SizedBatches
from train.data.pipeline import Pipeline
from train.data.store import PictureStore

Batch = tuple[torch.Tensor, torch.Tensor]
"""uint8 pictures (N, 3, H, W) RGB, and targets (n, 6): picture index, class id, cx, cy, w, h."""


@dataclass(frozen=True, slots=True)
class EpochPlan:
    """What an epoch looks like to the data set.

    Its number, its picture size, whether pictures are mixed (mosaic, mixup, cutmix), and the
    network's largest stride, of which every size is a multiple; `zoom` as in `Pipeline`.
    """

    epoch: int
    image_size: int
    mosaic: bool
    stride: int = 32
    zoom: float = 1.0


class TrainingSet(Dataset[tuple[NDArray[np.uint8], NDArray[np.float32]]]):
    """Augmented pictures (3, H, W) and labels (n, 5); `plan` says which epoch they belong to."""

    def __init__(self, store: PictureStore, recipe: Recipe, seed: int, plan: EpochPlan) -> None:
        """Serve one epoch; cheap, since the pictures live in `store`."""
        backdrops = store.backdrops() if recipe.copy_paste else Backdrops()
        self._pipeline = Pipeline(store, recipe, backdrops, plan.zoom)
        self._seed = seed
        self._plan = plan
        self.sizes = BatchSizes(plan.image_size, recipe.multi_scale, seed, plan.epoch, plan.stride)

    def __len__(self) -> int:
        """Number of pictures in an epoch."""
        return len(self._pipeline.pictures)

    def __getitem__(
        self, request: int | tuple[int, int]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """A picture as this epoch sees it: its number, or number and side in pixels.

        The number is the index of the picture, plus k times the number of pictures where it is
        shown for the k-th time in this epoch, which has other random numbers.
        """
        number, side = request if isinstance(request, tuple) else (request, self._plan.image_size)
        rng = default_rng([self._seed, self._plan.epoch, number])
        index = number % len(self)
        picture = self._pipeline.make(index, (side, side), rng, mix=self._plan.mosaic)
        planes = np.empty((3, side, side), dtype=np.uint8)
        cv2.split(picture.image_hwc, list(planes))
        return planes, picture.to_labels()


def largest_side(recipe: Recipe, image_size: int) -> int:
    """The longest side, pixels, that a run to `image_size` can use: that of its largest batches."""
    return math.floor(image_size * (1 + recipe.multi_scale))


def collate(samples: list[tuple[NDArray[np.uint8], NDArray[np.float32]]]) -> Batch:
    """Stack pictures, and number the labels by picture."""
    images = torch.from_numpy(np.stack([image for image, _ in samples]))
    rows = [
        np.concatenate([np.full((len(labels), 1), number, dtype=np.float32), labels], axis=1)
        for number, (_, labels) in enumerate(samples)
    ]
    return images, torch.from_numpy(np.concatenate(rows).astype(np.float32))


def make_loader(
    dataset: TrainingSet,
    order: Iterable[int],
    batch_size: int,
    workers: int,
    first_batch: int = 0,
) -> DataLoader[Batch]:
    """Batches of one epoch, prepared in `workers` processes (0: in this one).

    `order` are the numbers of the pictures that are left, after `first_batch` batches.
    """
    return DataLoader(
        dataset,  # type: ignore[arg-type]  # the type after collate_fn
        batch_sampler=SizedBatches(order, batch_size, dataset.sizes, first_batch),
        num_workers=workers,
        # forked workers share the pictures in memory; Python 3.14 would start them otherwise
        multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
        collate_fn=collate,
        prefetch_factor=2 if workers else None,
        worker_init_fn=_one_thread,
    )


def _one_thread(_worker: int) -> None:
    """Keep OpenCV's threads out of a worker process: the cores belong to the network."""
    cv2.setNumThreads(0)
