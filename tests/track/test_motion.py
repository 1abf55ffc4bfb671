"""The filter finds speed, waits for what is hidden, and does not care where or how large."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgedet.track.motion import Motion

BOX = np.array([[0.4, 0.3, 0.5, 0.6]])
SEEN = np.array([False])
HIDDEN = np.array([True])
ROW = np.array([0])


def _followed(path: list[NDArray[np.float64]], span_s: float = 0.1) -> Motion:
    motion = Motion.starting(path[0])
    for box in path[1:]:
        motion = motion.after(span_s, SEEN).seen(ROW, box)
    return motion


def test_it_learns_the_speed_of_a_steady_walk() -> None:
    path = [BOX + 0.02 * step * np.array([1, 0, 1, 0]) for step in range(40)]

    motion = _followed(path)

    assert motion.velocity[0] == pytest.approx([0.2, 0.0], abs=0.01)  # 0.02 each 0.1 s
    expected = motion.after(0.5, SEEN).boxes_xyxy
    assert expected == pytest.approx(path[-1] + 0.1 * np.array([1, 0, 1, 0]), abs=0.01)


def test_what_is_hidden_comes_to_rest() -> None:
    motion = _followed([BOX + 0.02 * step for step in range(20)])
    near, far = motion, motion
    for _ in range(100):
        near, far = near.after(0.1, HIDDEN), far.after(0.1, SEEN)

    assert np.abs(near.velocity).max() < 0.01 < np.abs(far.velocity).max()
    assert near.spread[0] > motion.spread[0]


@given(st.lists(st.floats(0.02, 0.5), min_size=1, max_size=4))
def test_one_span_is_as_good_as_its_parts(spans: list[float]) -> None:
    motion = _followed([BOX + 0.02 * step for step in range(5)])
    stepwise = motion
    for span_s in spans:
        stepwise = stepwise.after(span_s, SEEN)
    whole = motion.after(sum(spans), SEEN)

    assert stepwise.boxes_xyxy == pytest.approx(whole.boxes_xyxy)
    assert stepwise.spread == pytest.approx(whole.spread)
    assert stepwise.velocity_var == pytest.approx(whole.velocity_var)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.2, 5))
def test_place_and_size_do_not_matter(x: float, y: float, scale: float) -> None:
    path = [BOX + 0.02 * step * np.array([1, 0.5, 1, 0.5]) for step in range(6)]
    moved = [box * scale + np.array([x, y, x, y]) for box in path]

    found = _followed(moved).after(0.3, SEEN)
    expected = _followed(path).after(0.3, SEEN)

    shifted = expected.boxes_xyxy * scale + np.array([x, y, x, y])
    assert found.boxes_xyxy == pytest.approx(shifted, abs=1e-9)
    assert found.spread == pytest.approx(expected.spread * scale)


def test_certainty_stays_positive_however_long_it_goes_on() -> None:
    motion = Motion.starting(BOX)
    for step in range(500):
        motion = motion.after(0.001 if step % 3 else 1.0, SEEN).seen(ROW, BOX)
        assert motion.centre_var[0] > 0
        determinant = motion.centre_var * motion.velocity_var - motion.joint_var**2
        assert determinant[0] > 0
