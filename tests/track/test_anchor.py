"""The point that stands for a box."""

import numpy as np
import pytest

from edgedet.track.anchor import anchors_of, normalized
from tests.track.scenes import HEIGHT, WIDTH, frame_at

BOXES = np.array([[0.1, 0.2, 0.3, 0.8], [0.0, 0.0, 1.0, 1.0]])


def test_feet_are_in_the_middle_of_the_lower_edge() -> None:
    assert anchors_of(BOXES, "bottom") == pytest.approx(np.array([[0.2, 0.8], [0.5, 1.0]]))


def test_the_centre_is_the_centre() -> None:
    assert anchors_of(BOXES, "centre") == pytest.approx(np.array([[0.2, 0.5], [0.5, 0.5]]))


def test_pixels_become_parts_of_the_frame() -> None:
    pixels = (BOXES * (WIDTH, HEIGHT, WIDTH, HEIGHT)).astype(np.float32)

    assert normalized(pixels, frame_at(0.0)) == pytest.approx(BOXES, abs=1e-6)
