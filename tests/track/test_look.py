"""Colours tell people apart, whatever the box looks like at the edge."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.track.look import LOOK_LENGTH, looks_of

RED, BLUE, BLACK = (200, 30, 30), (20, 40, 190), (12, 12, 12)


def _person(
    upper: tuple[int, int, int], lower: tuple[int, int, int], noise: int = 0
) -> NDArray[np.uint8]:
    picture = np.full((60, 30, 3), 114, dtype=np.uint8)
    picture[10:30, 8:22] = upper
    picture[30:50, 8:22] = lower
    shift = np.random.default_rng(noise).integers(-4, 5, picture.shape)
    return np.asarray(np.clip(picture + shift, 0, 255), dtype=np.uint8)


BOX = np.array([[6.0, 8.0, 24.0, 52.0]], np.float32)


def test_the_same_clothes_are_alike_and_others_are_not() -> None:
    red, again = (looks_of(_person(RED, BLACK, noise), BOX)[0] for noise in (1, 2))
    blue = looks_of(_person(BLUE, BLACK), BOX)[0]
    turned = looks_of(_person(BLACK, RED), BOX)[0]

    assert red @ again > 0.9
    assert red @ blue < 0.7
    assert red @ turned < red @ blue


def test_a_look_is_of_length_one() -> None:
    looks = looks_of(_person(RED, BLUE), BOX)

    assert looks.shape == (1, LOOK_LENGTH)
    assert np.linalg.norm(looks[0]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "box", [[-50, -50, -10, -5], [10, 10, 10, 40], [40, 70, 90, 99], [5, 5, 6, 6]]
)
def test_nothing_is_known_of_a_box_without_pixels(box: list[float]) -> None:
    looks = looks_of(_person(RED, BLUE), np.array([box], np.float32))

    assert not looks.any()


def test_a_box_half_outside_shows_what_is_inside() -> None:
    looks = looks_of(_person(RED, RED), np.array([[8.0, -20.0, 22.0, 40.0]], np.float32))

    assert 0 < np.linalg.norm(looks[0]) <= 1 + 1e-9
    assert looks_of(_person(RED, RED), np.empty((0, 4), np.float32)).shape == (0, LOOK_LENGTH)
