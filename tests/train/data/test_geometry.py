"""Warps and flips: boxes must stay on their objects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from tests.train.data.marked import hull, marked, seen, worst_miss
from train.data.geometry import (
    Warp,
    WarpRange,
    draw_warp,
    flip_horizontal,
    flip_vertical,
    warp,
)
from train.data.picture import Picture

seeds = st.integers(0, 2**32 - 1)


def scene() -> Picture:
    objects = [(0, 0.1, 0.2, 0.3, 0.7), (1, 0.5, 0.1, 0.9, 0.3), (2, 0.55, 0.55, 0.75, 0.85)]
    return marked(*objects, size_hw=(80, 120))


def moved(seed: int, limits: WarpRange, out_hw: tuple[int, int] = (96, 96)) -> Picture:
    picture = scene()
    how = draw_warp(picture.size_hw, out_hw, limits, default_rng(seed))
    return warp(picture, how, out_hw)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, scale=st.floats(0, 0.5), translate=st.floats(0, 0.3))
def test_scaled_and_moved_objects_lie_under_their_boxes(
    seed: int, scale: float, translate: float
) -> None:
    # edges are blurred by interpolation, by less than a pixel at these scales
    assert worst_miss(moved(seed, WarpRange(scale=scale, translate=translate))) <= 1.5


@settings(max_examples=40, deadline=None)
@given(seed=seeds, degrees=st.floats(0, 180), shear=st.floats(0, 20), tilt=st.floats(0, 0.001))
def test_boxes_hold_all_of_what_was_turned_and_tilted(
    seed: int, degrees: float, shear: float, tilt: float
) -> None:
    limits = WarpRange(degrees, 0.1, 0.2, shear, tilt)
    picture = moved(seed, limits)
    for box, class_id in zip(picture.boxes_xyxy, picture.class_ids, strict=True):
        found = hull(seen(picture.image_hwc, int(class_id)))
        assert found is not None
        assert (found[:2] >= box[:2] - 1.5).all()
        assert (found[2:] <= box[2:] + 1.5).all()


@settings(max_examples=25, deadline=None)
@given(seed=seeds, degrees=st.floats(0, 180), tilt=st.floats(0, 0.001))
def test_boxes_of_wholly_seen_objects_touch_them(seed: int, degrees: float, tilt: float) -> None:
    # far enough from the sides that nothing is cut off
    small = marked((0, 0.4, 0.4, 0.6, 0.65), size_hw=(90, 90))
    limits = WarpRange(degrees, 0.05, 0.1, 0.0, tilt)
    how = draw_warp((90, 90), (128, 128), limits, default_rng(seed))
    # the sharp corners of a turned rectangle are mixed with the ground
    assert worst_miss(warp(small, how, (128, 128))) <= 3.0


@settings(max_examples=40, deadline=None)
@given(seed=seeds, degrees=st.floats(0, 180), scale=st.floats(0, 0.9))
def test_boxes_stay_inside_and_keep_their_size(seed: int, degrees: float, scale: float) -> None:
    limits = WarpRange(degrees, 0.5, scale, shear=10, perspective=0.001)
    picture = moved(seed, limits, (96, 128))
    boxes = picture.boxes_xyxy
    assert len(boxes) == len(picture.class_ids)
    assert (boxes >= 0).all()
    assert (boxes <= [128, 96, 128, 96]).all()
    assert (boxes[:, 2:] - boxes[:, :2] > 2).all()


@given(seed=seeds, side=st.integers(320, 2560))
def test_no_corner_goes_behind_the_horizon(seed: int, side: int) -> None:
    limits = WarpRange(0, 0, 0, 0, perspective=0.001)
    how = draw_warp((side, side), (side, side), limits, default_rng(seed))
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]])
    assert (corners @ how.matrix[2] > 0.19).all()


def test_a_box_that_is_almost_gone_is_dropped() -> None:
    picture = marked((0, 0.3, 0.3, 0.7, 0.7), size_hw=(80, 120))
    how = Warp(np.array([[1.0, 0, -80], [0, 1, 0], [0, 0, 1]]))
    assert len(warp(picture, how, (80, 80)).boxes_xyxy) == 0


def test_whole_steps_move_pixels_exactly() -> None:
    picture = scene()
    how = Warp(np.array([[1.0, 0, 7], [0, 1, -5], [0, 0, 1]]))
    assert how.is_upright
    image = warp(picture, how, (80, 120)).image_hwc
    assert np.array_equal(image[:-5, 7:], picture.image_hwc[5:, :-7])
    assert (image[:, :7] == 114).all()


@pytest.mark.parametrize(
    "matrix",
    [
        [[-1.0, 0, 9], [0, -1, 9], [0, 0, 1]],
        [[1.0, 0.1, 0], [0, 1, 0], [0, 0, 1]],
        [[1.0, 0, 0], [0, 1, 0], [1e-4, 0, 1]],
    ],
)
def test_what_turns_or_tilts_is_not_upright(matrix: list[list[float]]) -> None:
    assert not Warp(np.array(matrix)).is_upright


def test_without_limits_the_picture_is_centred() -> None:
    how = draw_warp((80, 120), (80, 120), WarpRange(0, 0, 0, 0, 0), default_rng(0))
    # the original's scale begins at 1 and goes to 1.1 even then
    assert 1.0 <= how.scale <= 1.1
    assert np.allclose(how.matrix @ [60, 40, 1], [60, 40, 1])


@pytest.mark.parametrize("flip", [flip_horizontal, flip_vertical])
def test_flips_move_boxes_with_their_objects(flip: type) -> None:
    picture = scene()
    flipped = flip(picture)
    assert worst_miss(flipped) == 0
    assert not np.array_equal(flipped.image_hwc, picture.image_hwc)
    assert np.array_equal(flip(flipped).image_hwc, picture.image_hwc)
    assert np.array_equal(flip(flipped).boxes_xyxy, picture.boxes_xyxy)


def test_closer_views_reach_every_part_of_the_canvas() -> None:
    canvas, out = (160, 160), (80, 80)
    limits = WarpRange(0, 0, 0, 0, 0, zoom=2.0)
    views = [draw_warp(canvas, out, limits, default_rng(seed)) for seed in range(300)]
    centres = np.array([(np.linalg.inv(how.matrix) @ [40, 40, 1])[:2] for how in views])

    assert all(1.0 <= how.scale <= 2.2 for how in views)
    assert max(how.scale for how in views) > 1.9
    # at twice the scale the middle of the view may be a quarter of the output away from the middle
    assert centres.min() < 65
    assert centres.max() > 95
