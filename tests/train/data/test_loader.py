"""The loader: what a picture looks like depends on seed, epoch and index alone."""

from pathlib import Path

import numpy as np
import pytest
import torch

from train.config import Recipe
from train.data.dataset import Sample
from train.data.loader import (
    EpochPlan,
    EpochSampler,
    TrainingSet,
    collate,
    make_loader,
)
from train.data.store import PictureStore

RECIPE = Recipe(mosaic=0.5)


class NoiseSample(Sample):
    """A picture made of noise, so that no file is needed."""

    def load(self) -> np.ndarray:
        seed = int(self.path.stem)
        return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture
def store() -> PictureStore:
    labels = np.array([[0, 0.5, 0.5, 0.4, 0.4]], dtype=np.float32)
    return PictureStore([NoiseSample(Path(f"{n}.png"), labels) for n in range(10)], 64)


def batches(store: PictureStore, workers: int, epoch: int = 0) -> list[tuple[torch.Tensor, ...]]:
    dataset = TrainingSet(store, RECIPE, 7, EpochPlan(epoch, 64, mosaic=True))
    return list(make_loader(dataset, EpochSampler(10, 7, epoch), 4, workers))


@pytest.mark.parametrize("workers", [1, 2])
def test_worker_processes_change_nothing(store: PictureStore, workers: int) -> None:
    store.preload()
    for ours, theirs in zip(batches(store, 0), batches(store, workers), strict=True):
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])


def test_epochs_differ_and_repeat(store: PictureStore) -> None:
    first, second, again = (batches(store, 0, epoch)[0][0] for epoch in (0, 1, 0))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_every_picture_is_seen_once_an_epoch() -> None:
    order = list(EpochSampler(100, 1, 5))
    assert sorted(order) == list(range(100))
    assert order != sorted(order)
    assert list(EpochSampler(100, 1, 5, skip=40)) == order[40:]


def test_collate_numbers_labels_by_picture() -> None:
    image = np.zeros((3, 4, 4), dtype=np.uint8)
    label = np.array([[2, 0.5, 0.5, 0.1, 0.1]], dtype=np.float32)
    none = np.zeros((0, 5), dtype=np.float32)
    images, targets = collate([(image, label), (image, none), (image, np.repeat(label, 2, 0))])
    assert images.shape == (3, 3, 4, 4)
    assert targets[:, 0].tolist() == [0, 2, 2]
    assert targets[:, 1].tolist() == [2, 2, 2]
