"""The loader: what a picture looks like depends on seed, epoch and index alone."""

from pathlib import Path

import numpy as np
import pytest
import torch

from train.config import Recipe
from train.data.batches import BatchSizes
from train.data.dataset import Sample
from train.data.loader import EpochPlan, TrainingSet, collate, largest_side, make_loader
from train.data.store import PictureStore

# everything that draws a random number somewhere
RECIPE = Recipe(
    mosaic=0.5,
    mosaic9=0.5,
    mixup=0.5,
    cutmix=0.5,
    copy_paste=0.5,
    degrees=10,
    perspective=0.0005,
    brightness_contrast=0.5,
    brightness=0.2,
    noise=0.5,
    clahe=0.5,
    gridmask=0.5,
    flipud=0.5,
    multi_scale=0.5,
)


class NoiseSample(Sample):
    """A picture made of noise, so that no file is needed."""

    def load(self) -> np.ndarray:
        seed = int(self.path.stem)
        return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture
def store() -> PictureStore:
    labels = np.array([[0, 0.5, 0.5, 0.4, 0.4]], dtype=np.float32)
    return PictureStore([NoiseSample(Path(f"{n}.png"), labels) for n in range(10)], 64)


def order(epoch: int) -> list[int]:
    return [(3 * n + epoch) % 10 for n in range(10)]


def batches(store: PictureStore, workers: int, epoch: int = 0) -> list[tuple[torch.Tensor, ...]]:
    dataset = TrainingSet(store, RECIPE, 7, EpochPlan(epoch, 64, mosaic=True))
    return list(make_loader(dataset, order(epoch), 4, workers))


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


def test_a_batch_has_one_size_of_many(store: PictureStore) -> None:
    shapes = [images.shape for epoch in range(6) for images, _ in batches(store, 0, epoch)]
    assert all(height == width for _, _, height, width in shapes)
    assert {height for _, _, height, _ in shapes} == {32, 64, 96}
    # the last batch of ten pictures has two
    assert [count for count, *_ in shapes] == [4, 4, 2] * 6


def test_a_resumed_epoch_goes_on_where_it_was(store: PictureStore) -> None:
    dataset = TrainingSet(store, RECIPE, 7, EpochPlan(2, 64, mosaic=True))
    rest = list(make_loader(dataset, order(2)[4:], 4, 0, first_batch=1))
    for ours, theirs in zip(rest, batches(store, 0, 2)[1:], strict=True):
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])


def test_a_picture_depends_on_its_index_alone(store: PictureStore) -> None:
    dataset = TrainingSet(store, RECIPE, 7, EpochPlan(0, 64, mosaic=True))
    backwards = [dataset[index] for index in (5, 3, 0)]
    for index, (image, labels) in zip((5, 3, 0), backwards, strict=True):
        again, same = dataset[index, 64]
        assert np.array_equal(image, again)
        assert np.array_equal(labels, same)
        assert image.shape == (3, 64, 64)


def test_a_picture_that_comes_again_is_changed_otherwise(store: PictureStore) -> None:
    dataset = TrainingSet(store, RECIPE, 7, EpochPlan(0, 64, mosaic=False))
    assert not np.array_equal(dataset[3][0], dataset[13][0])
    assert np.array_equal(dataset[13][0], dataset[13][0])


def test_the_picture_has_its_colours_in_planes(store: PictureStore) -> None:
    off = ("mosaic", "affine", "hsv", "fliplr")
    dataset = TrainingSet(
        store, Recipe.model_validate(dict.fromkeys(off, 0)), 7, EpochPlan(0, 64, mosaic=True)
    )
    image, labels = dataset[4]
    picture = store.get(4)
    assert np.array_equal(image[:, 8:56].transpose(1, 2, 0), picture.image_hwc)
    assert np.allclose(labels, [[0, 0.5, 0.5, 0.4, 0.3]])


def test_pictures_are_kept_as_large_as_the_largest_batches() -> None:
    recipe = Recipe(multi_scale=0.3)
    sizes = BatchSizes(416, recipe.multi_scale, 0, 0)
    largest = max(sizes.of(batch) for batch in range(200))
    assert largest <= largest_side(recipe, 416) < largest + 32
    assert largest_side(Recipe(), 416) == 416


def test_collate_numbers_labels_by_picture() -> None:
    image = np.zeros((3, 4, 4), dtype=np.uint8)
    label = np.array([[2, 0.5, 0.5, 0.1, 0.1]], dtype=np.float32)
    none = np.zeros((0, 5), dtype=np.float32)
    images, targets = collate([(image, label), (image, none), (image, np.repeat(label, 2, 0))])
    assert images.shape == (3, 3, 4, 4)
    assert targets[:, 0].tolist() == [0, 2, 2]
    assert targets[:, 1].tolist() == [2, 2, 2]
