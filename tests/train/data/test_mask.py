"""GridMask: squares at even distances, and no label for what they hide."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from tests.train.data.marked import GROUND, marked, seen
from train.data.mask import gridmask
from train.data.picture import Picture

seeds = st.integers(0, 2**32 - 1)


def white(height: int = 90, width: int = 120) -> Picture:
    image = np.full((height, width, 3), 255, dtype=np.uint8)
    return Picture(image, np.zeros((0, 4), dtype=np.float32), np.zeros(0, dtype=np.int64))


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_squares_are_grey_and_hide_a_part(seed: int) -> None:
    image = gridmask(white(), default_rng(seed)).image_hwc
    assert set(np.unique(image).tolist()) == {114, 255}
    # squares of 0.3 to 0.6 of their distance, give or take those cut at the sides
    assert 0.04 < (image == 114).mean() < 0.5


def test_squares_repeat() -> None:
    masked = gridmask(white(200, 200), default_rng(3)).image_hwc[..., 0] == 114
    columns = masked.any(axis=0).astype(int)
    starts = np.flatnonzero(np.diff(columns) == 1)
    assert len(starts) >= 3
    assert len(set(np.diff(starts).tolist())) == 1
    assert np.array_equal(masked, np.outer(masked.any(axis=1), masked.any(axis=0)))


@settings(max_examples=60, deadline=None)
@given(seed=seeds, x=st.floats(0, 0.8), y=st.floats(0, 0.8), side=st.floats(0.05, 0.2))
def test_labels_go_with_what_is_hidden(seed: int, x: float, y: float, side: float) -> None:
    picture = marked((0, x, y, x + side, y + side), size_hw=(90, 120))
    size = (picture.boxes_xyxy[:, 2:] - picture.boxes_xyxy[:, :2])[0]

    made = gridmask(picture, default_rng(seed))

    share = seen(made.image_hwc, 0).sum() / size.prod()
    is_kept = len(made.boxes_xyxy) == 1
    assert is_kept == (share > 0.1 and size.min() > 2)
    if is_kept:
        assert np.array_equal(made.boxes_xyxy, picture.boxes_xyxy)


def test_the_input_is_left_alone() -> None:
    picture = marked(size_hw=(40, 40))
    gridmask(picture, default_rng(0))
    assert (picture.image_hwc == GROUND).all()
