"""Boxes at the border of a picture, and what is told about them."""

import numpy as np
import pytest

from train.data.ingest.annotated import CLIPPED, NO_SIZE, OUTSIDE, Box, Tally, to_labels


def labels(*boxes: Box) -> tuple[list[list[float]], Tally]:
    tally = Tally()
    found: list[list[float]] = to_labels(boxes, (64, 48), tally).tolist()
    return found, tally


def test_a_box_inside_is_as_it_was() -> None:
    assert labels(Box(2, 16, 12, 48, 36)) == ([[2, 0.5, 0.5, 0.5, 0.5]], {CLIPPED: 0})


def test_a_box_across_the_border_is_cut() -> None:
    found, tally = labels(Box(0, -8, 12, 8, 36))
    assert np.allclose(found, [[0, 4 / 64, 0.5, 8 / 64, 0.5]])
    assert tally == {CLIPPED: 1}


@pytest.mark.parametrize("left", [-13, -100, 64, 59.5])
def test_a_box_mostly_outside_is_left_out(left: float) -> None:
    assert labels(Box(0, left, 12, left + 16, 36)) == ([], {OUTSIDE: 1})


@pytest.mark.parametrize(
    "box", [Box(0, 5, 5, 5, 9), Box(0, 9, 5, 5, 9), Box(0, float("nan"), 1, 2, 2)]
)
def test_a_box_without_a_size_is_left_out(box: Box) -> None:
    assert labels(box) == ([], {NO_SIZE: 1})
