"""The backdrop of a fixed camera, and outlines from it."""

import cv2
import numpy as np
from numpy.random import default_rng

from train.data.backdrop import SAMPLES, Backdrops, find_backdrop, find_backdrops, matte


def ground_of(camera: int) -> np.ndarray:
    rng = default_rng(camera)
    blocks = rng.integers(60, 120, (3, 4, 3)).repeat(20, axis=0).repeat(20, axis=1)
    return (blocks + rng.integers(0, 20, blocks.shape)).astype(np.uint8)


def scenes(count: int, camera: int = 0) -> list[np.ndarray]:
    """A fixed ground, with a bright square somewhere else in each picture."""
    ground = ground_of(camera)
    out = []
    for number in range(count):
        image = ground.copy()
        left = number * 7 % 60
        image[20:40, left : left + 16] = 250
        out.append(image)
    return out


def test_sees_what_is_there_without_objects() -> None:
    ground = ground_of(0)
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


def test_every_camera_of_a_mixed_set_has_its_backdrop() -> None:
    cameras = [scenes(SAMPLES + 3, camera) for camera in range(3)]
    mixed = [image for group in zip(*cameras, strict=True) for image in group]
    found = find_backdrops(mixed)
    assert len(found.views) == 3
    for camera, images in enumerate(cameras):
        backdrop = found.of(images[5])
        assert backdrop is not None
        assert np.array_equal(backdrop, ground_of(camera))


def test_pictures_of_no_fixed_camera_have_none() -> None:
    moving = [default_rng(n).integers(0, 256, (60, 80, 3), dtype=np.uint8) for n in range(40)]
    moving = [np.asarray(cv2.GaussianBlur(each, (31, 31), 0), dtype=np.uint8) for each in moving]
    moving = [cv2.convertScaleAbs(each, None, 3, -200).astype(np.uint8) for each in moving]
    found = find_backdrops([*moving, *scenes(SAMPLES)])
    assert len(found.views) == 1
    assert found.of(ground_of(9)) is None
    assert found.of(scenes(1)[0][:50]) is None
    assert Backdrops().of(moving[0]) is None


def test_too_few_of_a_camera_have_none() -> None:
    assert find_backdrops(scenes(SAMPLES - 1)).views == ()
    assert find_backdrops([]).views == ()


def test_a_camera_that_shakes_has_none() -> None:
    rng = default_rng(3)
    wide = cv2.resize(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8), (160, 120))
    shaken = [
        np.asarray(wide[y : y + 60, x : x + 80], dtype=np.uint8)
        for y, x in rng.integers(0, 6, (SAMPLES, 2)).tolist()
    ]
    assert find_backdrop(shaken) is None
