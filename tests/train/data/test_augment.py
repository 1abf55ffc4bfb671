"""Augmentations: boxes must stay on their objects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from train.data import augment
from train.data.augment import AffineRange, Picture


def picture_with_square(height: int = 80, width: int = 120) -> Picture:
    """A dark picture with one white square, and the box of the square."""
    image = np.full((height, width, 3), 30, dtype=np.uint8)
    image[20:50, 40:80] = 255
    box = np.array([[40, 20, 80, 50]], dtype=np.float32)
    return Picture(image, box, np.zeros(1, dtype=np.int64))


def bright_box(image: np.ndarray) -> list[float]:
    ys, xs = np.nonzero(image[..., 0] > 200)
    return [float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)]


def test_labels_survive_the_round_trip() -> None:
    labels = np.array([[3, 0.25, 0.5, 0.1, 0.2]], dtype=np.float32)
    picture = Picture.from_labels(np.zeros((50, 200, 3), dtype=np.uint8), labels)
    assert np.allclose(picture.boxes_xyxy, [[40, 20, 60, 30]])
    assert np.allclose(picture.to_labels(), labels, atol=1e-6)


def test_flip_moves_the_box_with_its_object() -> None:
    flipped = augment.flip_horizontal(picture_with_square())
    assert flipped.boxes_xyxy.tolist() == [bright_box(flipped.image_hwc)]


def test_fit_moves_the_box_with_its_object() -> None:
    fitted = augment.fit(picture_with_square(), (64, 64))
    assert np.abs(fitted.boxes_xyxy[0] - bright_box(fitted.image_hwc)).max() < 1.5


@pytest.mark.parametrize("seed", range(8))
def test_affine_moves_the_box_with_its_object(seed: int) -> None:
    limits = AffineRange(degrees=0, translate=0.05, scale=0.3)
    moved = augment.random_affine(picture_with_square(), (96, 96), limits, default_rng(seed))
    assert len(moved.boxes_xyxy) == 1
    assert np.abs(moved.boxes_xyxy[0] - bright_box(moved.image_hwc)).max() < 2.0


def test_mosaic_keeps_objects_under_their_boxes() -> None:
    tiles = [picture_with_square() for _ in range(4)]
    canvas = augment.mosaic4(tiles, (96, 96), default_rng(3))
    assert canvas.image_hwc.shape == (192, 192, 3)
    assert len(canvas.boxes_xyxy) >= 2
    for x1, y1, x2, y2 in canvas.boxes_xyxy.round().astype(int):
        assert canvas.image_hwc[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].min() > 200


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), degrees=st.floats(0, 180), scale=st.floats(0, 0.9))
def test_boxes_stay_inside_and_keep_their_size(seed: int, degrees: float, scale: float) -> None:
    limits = AffineRange(degrees=degrees, translate=0.5, scale=scale, shear=10)
    moved = augment.random_affine(picture_with_square(), (96, 128), limits, default_rng(seed))
    boxes = moved.boxes_xyxy
    assert len(boxes) == len(moved.class_ids)
    assert (boxes >= 0).all()
    assert (boxes <= [128, 96, 128, 96]).all()
    assert (boxes[:, 2:] - boxes[:, :2] > 2).all()


def test_a_box_that_is_almost_gone_is_dropped() -> None:
    picture = picture_with_square()
    limits = AffineRange(translate=0.0, scale=0.0)
    moved = augment.random_affine(picture, (8, 8), limits, default_rng(0))
    assert len(moved.boxes_xyxy) == 0


def test_hsv_without_gain_changes_next_to_nothing() -> None:
    image = default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    same = augment.random_hsv(image, (0.0, 0.0, 0.0), default_rng(1))
    assert np.abs(same.astype(int) - image).max() <= 6  # 8-bit hue has 180 steps
