"""Batches for the training loop.

What each picture looks like depends on seed, epoch and index alone: neither the number of worker
processes nor a resume changes what the network sees.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler

from train.config import Recipe
from train.data import augment
from train.data.augment import Picture
from train.data.paste import paste_objects
from train.data.store import PictureStore

Batch = tuple[torch.Tensor, torch.Tensor]
"""uint8 pictures (N, 3, H, W) RGB, and targets (n, 6): picture index, class id, cx, cy, w, h."""


@dataclass(frozen=True, slots=True)
class EpochPlan:
    """What an epoch looks like to the data set: number, picture size, mosaic or not."""

    epoch: int
    image_size: int
    mosaic: bool


class TrainingSet(Dataset[tuple[NDArray[np.uint8], NDArray[np.float32]]]):
    """Augmented pictures (3, H, W) and labels (n, 5); `plan` says which epoch they belong to."""

    def __init__(self, store: PictureStore, recipe: Recipe, seed: int, plan: EpochPlan) -> None:
        """Serve one epoch; cheap, since the pictures live in `store`."""
        self._store = store
        self._recipe = recipe
        self._seed = seed
        self._plan = plan
        self._affine = augment.AffineRange(
            recipe.degrees, recipe.translate, recipe.scale, recipe.shear
        )

    def __len__(self) -> int:
        """Number of pictures in an epoch."""
        return len(self._store)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Picture `index` as this epoch sees it."""
        rng = default_rng([self._seed, self._plan.epoch, index])
        picture = self._compose(index, rng)
        recipe = self._recipe
        if rng.random() < recipe.copy_paste:
            donor = self._store.get(int(rng.integers(len(self._store))))
            picture = paste_objects(picture, donor, rng, self._store.backdrop)
        image = augment.random_hsv(
            picture.image_hwc, (recipe.hsv_h, recipe.hsv_s, recipe.hsv_v), rng
        )
        picture = Picture(image, picture.boxes_xyxy, picture.class_ids)
        if rng.random() < recipe.fliplr:
            picture = augment.flip_horizontal(picture)
        image_chw = np.ascontiguousarray(picture.image_hwc.transpose(2, 0, 1))
        return image_chw, picture.to_labels()

    def _compose(self, index: int, rng: Generator) -> Picture:
        size_hw = (self._plan.image_size, self._plan.image_size)
        if self._plan.mosaic and rng.random() < self._recipe.mosaic:
            others = rng.integers(len(self._store), size=3).tolist()
            tiles = [self._store.get(i) for i in (index, *others)]
            canvas = augment.mosaic4(tiles, size_hw, rng)
            return augment.random_affine(canvas, size_hw, self._affine, rng)
        fitted = augment.fit(self._store.get(index), size_hw)
        return augment.random_affine(fitted, size_hw, self._affine, rng)


class EpochSampler(Sampler[int]):
    """A shuffled order that depends on seed and epoch alone, starting after `skip` pictures."""

    def __init__(self, count: int, seed: int, epoch: int, skip: int = 0) -> None:
        """Order `count` pictures."""
        self._order = default_rng([seed, epoch]).permutation(count)[skip:]

    def __iter__(self) -> Iterator[int]:
        """Indices, each once."""
        return iter(self._order.tolist())

    def __len__(self) -> int:
        """Number of indices left."""
        return len(self._order)


def collate(samples: list[tuple[NDArray[np.uint8], NDArray[np.float32]]]) -> Batch:
    """Stack pictures, and number the labels by picture."""
    images = torch.from_numpy(np.stack([image for image, _ in samples]))
    rows = [
        np.concatenate([np.full((len(labels), 1), number, dtype=np.float32), labels], axis=1)
        for number, (_, labels) in enumerate(samples)
    ]
    return images, torch.from_numpy(np.concatenate(rows).astype(np.float32))


def make_loader(
    dataset: TrainingSet, sampler: EpochSampler, batch_size: int, workers: int
) -> DataLoader[Batch]:
    """Batches of one epoch, prepared in `workers` processes (0: in this one)."""
    return DataLoader(
        dataset,  # type: ignore[arg-type]  # the type after collate_fn
        batch_size=batch_size,
        sampler=sampler,
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
