"""Mosaics: tiles lie where they should, and so do their boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from edgedet.vision import letterbox
from tests.train.data.marked import forgotten, marked, worst_miss
from train.data.geometry import Warp, WarpRange, draw_warp, warp
from train.data.mosaic import Collage, draw, lay_four, lay_nine, lay_one
from train.data.picture import Picture

SIDE = (96, 96)
seeds = st.integers(0, 2**32 - 1)
LAYOUTS = {4: lay_four, 9: lay_nine}


def pictures(count: int) -> list[Picture]:
    """One object each, every one of another colour, in pictures of different shapes."""
    shapes = [(72, 96), (96, 64), (50, 50), (96, 96), (40, 80)]
    return [
        marked((number, 0.2, 0.25, 0.7, 0.8), size_hw=shapes[number % len(shapes)])
        for number in range(count)
    ]


def collage(count: int, seed: int) -> Collage:
    return LAYOUTS[count](pictures(count), SIDE, default_rng(seed))


def _areas(laid: Collage, scale: float) -> dict[int, float]:
    """What the object of each tile would cover in the output."""
    areas = {}
    for tile in laid.tiles:
        x1, y1, x2, y2 = tile.picture.boxes_xyxy[0].tolist()
        area = (x2 - x1) * (y2 - y1) * tile.scale_xy[0] * tile.scale_xy[1]
        areas[int(tile.picture.class_ids[0])] = area * scale**2
    return areas


@pytest.mark.parametrize("count", [4, 9])
@settings(max_examples=40, deadline=None)
@given(seed=seeds, scale=st.floats(0, 0.5))
def test_objects_lie_under_their_boxes(count: int, seed: int, scale: float) -> None:
    laid = collage(count, seed)
    how = draw_warp(laid.size_hw, SIDE, WarpRange(scale=scale), default_rng(seed))

    made = draw(laid, how, SIDE)

    assert made.image_hwc.shape == (*SIDE, 3)
    assert worst_miss(made) <= 1.5
    assert len(made.boxes_xyxy) == len(made.class_ids)
    assert forgotten(made, _areas(laid, how.scale)) == []


@pytest.mark.parametrize("count", [4, 9])
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_tiles_do_not_overlap_and_stay_on_the_canvas(count: int, seed: int) -> None:
    laid = collage(count, seed)
    field = np.zeros(laid.size_hw, dtype=int)
    for tile in laid.tiles:
        x1, y1, x2, y2 = tile.seen
        assert 0 <= x1 < x2 <= laid.size_hw[1]
        assert 0 <= y1 < y2 <= laid.size_hw[0]
        field[y1:y2, x1:x2] += 1
    assert field.max() == 1


@pytest.mark.parametrize("count", [1, 4, 9])
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_tile_by_tile_is_the_same_as_warping_the_canvas(count: int, seed: int) -> None:
    laid = collage(count, seed) if count > 1 else lay_one(pictures(1)[0], SIDE)
    how = draw_warp(laid.size_hw, SIDE, WarpRange(scale=0.3), default_rng(seed))
    canvas = draw(laid, Warp(np.eye(3)), laid.size_hw)

    slow, quick = warp(canvas, how, SIDE), draw(laid, how, SIDE)

    # whole pixels in place of parts: a tile may lie half a pixel beside, at its edges mostly
    differing = np.abs(slow.image_hwc.astype(int) - quick.image_hwc).max(axis=2) > 60
    assert differing.mean() < 0.06
    common = set(slow.class_ids.tolist()) & set(quick.class_ids.tolist())
    for class_id in common:
        ours, theirs = (p.boxes_xyxy[p.class_ids == class_id] for p in (quick, slow))
        assert np.abs(ours - theirs).max() <= 2.0


@pytest.mark.parametrize("count", [4, 9])
@settings(max_examples=20, deadline=None)
@given(seed=seeds, degrees=st.floats(1, 180))
def test_turned_mosaics_keep_objects_inside_their_boxes(
    count: int, seed: int, degrees: float
) -> None:
    laid = collage(count, seed)
    limits = WarpRange(degrees, 0.1, 0.3, 5, 0.0005)
    made = draw(laid, draw_warp(laid.size_hw, SIDE, limits, default_rng(seed)), SIDE)
    assert made.image_hwc.shape == (*SIDE, 3)
    assert set(made.class_ids.tolist()) <= set(range(count))


def test_one_picture_is_letterboxed_as_on_the_device() -> None:
    picture = marked((0, 0.2, 0.25, 0.7, 0.8), size_hw=(60, 110))
    laid = lay_one(picture, SIDE)

    made = draw(laid, Warp.centred(laid.size_hw, SIDE), SIDE)

    image, box = letterbox(picture.image_hwc, SIDE)
    assert np.array_equal(made.image_hwc, image)
    assert np.allclose(made.boxes_xyxy, box.to_input(picture.boxes_xyxy), atol=1e-4)


def test_the_own_picture_comes_first() -> None:
    quarter = lay_four(pictures(4), SIDE, default_rng(0)).tiles[0]
    middle = lay_nine(pictures(9), SIDE, default_rng(0)).tiles[0]
    assert quarter.picture.class_ids.tolist() == [0]
    assert middle.picture.class_ids.tolist() == [0]
    assert middle.seen[2] - middle.seen[0] == 96


def test_inputs_are_left_alone() -> None:
    given_pictures = pictures(4)
    before = [picture.image_hwc.copy() for picture in given_pictures]
    laid = lay_four(given_pictures, SIDE, default_rng(1))
    made = draw(laid, Warp.centred(laid.size_hw, SIDE), SIDE)
    made.image_hwc[:] = 0
    for picture, copy in zip(given_pictures, before, strict=True):
        assert np.array_equal(picture.image_hwc, copy)


def test_pictures_without_objects_make_mosaics_without() -> None:
    empty = [marked(size_hw=(50, 50)) for _ in range(9)]
    laid = lay_nine(empty, SIDE, default_rng(2))
    made = draw(laid, Warp.centred(laid.size_hw, SIDE), SIDE)
    assert made.boxes_xyxy.shape == (0, 4)
    assert made.class_ids.dtype == np.int64
