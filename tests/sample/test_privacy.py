"""What must not be recognised is gone, and nothing else is changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgedet.config.sampling import BlurSettings
from edgedet.sample.privacy import MOSAIC_CELLS, Veil
from tests.sample.fakes import CLASSES, proposals


def noise(height: int = 90, width: int = 120) -> NDArray[np.uint8]:
    return np.random.default_rng(4).integers(0, 256, (height, width, 3), dtype=np.uint8)


def veil(**settings: object) -> Veil:
    return Veil(BlurSettings.model_validate(settings), CLASSES)


@given(st.integers(-30, 119), st.integers(-30, 89), st.integers(1, 150), st.integers(1, 150))
@settings(max_examples=40, deadline=None)
def test_a_hidden_box_keeps_a_few_flat_cells_and_the_rest_is_untouched(
    left: int, top: int, width: int, height: int
) -> None:
    image = noise()
    before = image.copy()
    box = (left, top, left + width, top + height)

    veil(classes=["person"], margin=0).hide(image, "gate", proposals((*box, 0.06, 0)))

    inside = np.zeros(image.shape[:2], dtype=np.bool_)
    inside[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = True
    assert np.array_equal(image[~inside], before[~inside])
    colours = np.unique(image[inside].reshape(-1, 3), axis=0)
    assert len(colours) <= MOSAIC_CELLS * MOSAIC_CELLS


def test_only_chosen_classes_from_the_score_on_with_a_margin() -> None:
    image = noise()
    before = image.copy()
    seen = proposals((10, 10, 20, 20, 0.9, 1), (40, 40, 60, 60, 0.06, 0), (80, 10, 90, 20, 0.04, 0))

    count = veil(classes=["person"], margin=0.5, score_threshold=0.05).hide(image, "gate", seen)

    changed = (image != before).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert count == 1
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (30, 69, 30, 69)


@pytest.mark.parametrize(("source_id", "hidden"), [("gate", 2), ("dock", 1)])
def test_regions_are_of_one_source_or_of_all(source_id: str, hidden: int) -> None:
    regions = [{"source": "gate", "box": [0, 0, 0.5, 0.5]}, {"box": [0.5, 0.5, 1, 1]}]
    image = noise()
    before = image.copy()

    assert veil(regions=regions).hide(image, source_id, proposals()) == hidden
    assert (image[45:, 60:] != before[45:, 60:]).any()
    assert np.array_equal(image[:45, 60:], before[:45, 60:])
    assert (image[:45, :60] != before[:45, :60]).any() == (hidden == 2)
