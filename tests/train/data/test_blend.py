"""Mixup and cutmix: nobody's label is lost, and none is left that nobody can see."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from tests.train.data.marked import forgotten, marked, worst_miss
from train.data.blend import cutmix, mixup
from train.data.picture import Picture

seeds = st.integers(0, 2**32 - 1)
HW = (80, 100)


def flat(value: int, class_id: int) -> Picture:
    box = np.array([[10, 10, 40, 50]], dtype=np.float32)
    image = np.full((*HW, 3), value, dtype=np.uint8)
    return Picture(image, box, np.array([class_id], dtype=np.int64))


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_mixup_keeps_both_sets_of_labels_and_one_ratio(seed: int) -> None:
    mixed = mixup(flat(0, 1), flat(200, 2), default_rng(seed))

    assert mixed.class_ids.tolist() == [1, 2]
    assert mixed.boxes_xyxy.shape == (2, 4)
    ratio = default_rng(seed).beta(8, 8)
    assert np.abs(mixed.image_hwc.astype(float) - 200 * (1 - ratio)).max() <= 0.5


def test_ratios_of_mixup_are_those_of_beta_8_8() -> None:
    rng = default_rng(0)
    greys = [mixup(flat(0, 1), flat(255, 2), rng).image_hwc[0, 0, 0] / 255 for _ in range(1500)]
    # Beta(8, 8): mean 1/2, variance 1/68
    assert np.mean(greys) == pytest.approx(0.5, abs=0.015)
    assert np.std(greys) == pytest.approx((1 / 68) ** 0.5, rel=0.08)


@settings(max_examples=80, deadline=None)
@given(seed=seeds)
def test_cutmix_leaves_boxes_on_what_is_seen(seed: int) -> None:
    ours = marked((0, 0.05, 0.1, 0.35, 0.4), (1, 0.5, 0.5, 0.95, 0.9), size_hw=HW)
    theirs = marked((2, 0.1, 0.55, 0.4, 0.95), (3, 0.5, 0.05, 0.9, 0.4), size_hw=HW)

    made = cutmix(ours, theirs, default_rng(seed))

    assert worst_miss(made) == 0
    boxes = np.concatenate([ours.boxes_xyxy, theirs.boxes_xyxy])
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    # of ours as of theirs, a tenth is enough for a label
    assert forgotten(made, dict(enumerate(areas.tolist()))) == []


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_the_rectangle_takes_a_tenth_to_a_half(seed: int) -> None:
    made = cutmix(flat(0, 1), flat(200, 2), default_rng(seed))
    assert 0.09 <= (made.image_hwc == 200).mean() <= 0.51


def test_inputs_are_left_alone() -> None:
    ours, theirs = flat(0, 1), flat(200, 2)
    for blend in (mixup, cutmix):
        blend(ours, theirs, default_rng(0))
    assert ours.image_hwc.max() == 0
    assert theirs.image_hwc.min() == 200
    assert ours.boxes_xyxy.tolist() == theirs.boxes_xyxy.tolist() == [[10, 10, 40, 50]]
