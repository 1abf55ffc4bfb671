"""The rules by which boxes survive."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.data import boxes
from train.data.boxes import Rectangle


def one(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float32)


@pytest.mark.parametrize(
    ("after", "lives"),
    [
        ((0, 0, 100, 100), True),
        ((0, 0, 100, 11), True),  # 11 % of the area
        ((0, 0, 100, 10), False),  # 10 %
        ((0, 0, 100, 5), False),  # 20 times as long as wide, and 5 %
        ((0, 0, 2, 100), False),
    ],
)
def test_survival_of_a_cut_box(after: tuple[float, ...], *, lives: bool) -> None:
    assert boxes.survives(one(0, 0, 100, 100), one(*after)).tolist() == [lives]


def test_survival_by_shape_and_size_alone() -> None:
    shapes = np.array(
        [[0, 0, 40, 2.1], [0, 0, 45, 2.1], [0, 0, 2, 30], [0, 0, 30, 2.1]], dtype=np.float32
    )
    assert boxes.survives(shapes, shapes).tolist() == [True, False, False, True]


def test_survival_reckons_with_the_change_of_scale() -> None:
    assert boxes.survives(one(0, 0, 100, 100), one(0, 0, 20, 20), 0.25).tolist() == [True]
    assert boxes.survives(one(0, 0, 10, 10), one(0, 0, 10, 10), 4.0).tolist() == [False]


def test_none_survive_of_none() -> None:
    none = np.zeros((0, 4), dtype=np.float32)

    assert boxes.survives(none, none).shape == (0,)
    assert boxes.move(none, np.eye(3)).shape == (0, 4)
    assert boxes.uncovered(none, (0, 0, 1, 1))[0].shape == (0, 4)


def test_clipping_empties_what_is_outside() -> None:
    clipped = boxes.clip(one(-20, 5, -10, 8), (0, 0, 50, 50))

    assert clipped.tolist() == [[0, 5, 0, 8]]


def test_moving_gives_the_hull() -> None:
    quarter_turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=np.float64)

    assert boxes.move(one(10, 20, 40, 30), quarter_turn).tolist() == [[-30, 10, -20, 40]]


COVERS: list[tuple[str, Rectangle, tuple[float, ...], float]] = [
    ("beside", (200, 0, 300, 50), (0, 0, 100, 50), 1.0),
    ("all", (0, 0, 100, 50), (100, 50, 100, 50), 0.0),
    ("left", (-5, -5, 30, 60), (30, 0, 100, 50), 0.7),
    ("right", (60, 0, 120, 50), (0, 0, 60, 50), 0.6),
    ("top", (0, -9, 100, 10), (0, 10, 100, 50), 0.8),
    ("bottom", (0, 40, 100, 90), (0, 0, 100, 40), 0.8),
    ("band", (20, 0, 40, 50), (0, 0, 100, 50), 0.8),
    ("corner", (50, 25, 100, 50), (0, 0, 100, 50), 0.75),
]


@pytest.mark.parametrize(
    ("cover", "left", "share"), [c[1:] for c in COVERS], ids=[c[0] for c in COVERS]
)
def test_what_a_cover_leaves(cover: Rectangle, left: tuple[float, ...], share: float) -> None:
    hulls, shares = boxes.uncovered(one(0, 0, 100, 50), cover)

    if share:
        assert hulls.tolist() == [list(left)]
    else:
        assert (hulls[:, 2:] - hulls[:, :2]).prod() == 0
    assert shares.tolist() == pytest.approx([share], abs=1e-6)


side = st.integers(0, 30)


@given(x=side, y=side, w=st.integers(1, 20), h=st.integers(1, 20), data=st.data())
def test_what_a_cover_leaves_is_what_pixels_say(
    x: int, y: int, w: int, h: int, data: st.DataObject
) -> None:
    left, top = data.draw(side), data.draw(side)
    cover = (left, top, left + data.draw(st.integers(1, 30)), top + data.draw(st.integers(1, 30)))
    mask = np.zeros((64, 64), dtype=bool)
    mask[y : y + h, x : x + w] = True
    mask[cover[1] : cover[3], cover[0] : cover[2]] = False

    hulls, shares = boxes.uncovered(one(x, y, x + w, y + h), cover)

    assert shares[0] == pytest.approx(mask.sum() / (w * h), abs=1e-5)
    ys, xs = np.nonzero(mask)
    if len(xs):
        assert hulls[0].tolist() == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
