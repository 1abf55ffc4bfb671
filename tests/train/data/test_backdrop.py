"""The backdrop of a fixed camera, and outlines from it."""

import numpy as np
from numpy.random import default_rng

from train.data.backdrop import SAMPLES, find_backdrop, matte


def scenes(count: int) -> list[np.ndarray]:
    """A fixed ground, with a bright square somewhere else in each picture."""
    ground = default_rng(0).integers(60, 120, (60, 80, 3), dtype=np.uint8)
    out = []
    for number in range(count):
        image = ground.copy()
        left = number % 60
        image[20:40, left : left + 16] = 250
        out.append(image)
    return out


def test_sees_what_is_there_without_objects() -> None:
    ground = default_rng(0).integers(60, 120, (60, 80, 3), dtype=np.uint8)
    backdrop = find_backdrop(scenes(SAMPLES * 2))
    assert backdrop is not None
    assert np.array_equal(backdrop, ground)


def test_a_moving_camera_has_none() -> None:
    rng = default_rng(1)
    images = [rng.integers(0, 256, (60, 80, 3), dtype=np.uint8) for _ in range(SAMPLES)]
    assert find_backdrop(images) is None


def test_few_pictures_or_mixed_sizes_have_none() -> None:
    images = scenes(SAMPLES)
    assert find_backdrop(images[:-1]) is None
    assert find_backdrop([*images[:-1], images[0][:50]]) is None


def test_outline_is_opaque_on_the_object_and_clear_beside_it() -> None:
    backdrop = np.full((40, 30, 3), 80, dtype=np.uint8)
    patch = backdrop.copy()
    patch[5:35, 8:22] = 200
    alpha = matte(patch, backdrop)
    assert alpha[10:30, 10:20].min() == 1
    assert alpha[:, :4].max() == 0


def test_an_object_like_its_backdrop_is_kept_whole() -> None:
    backdrop = np.full((40, 30, 3), 80, dtype=np.uint8)
    assert matte(backdrop, backdrop).min() == 1
