"""Raw candidates, merged into what the model considered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from edgedet.sample.view import Proposals, proposals_of
from edgedet.vision import Letterbox, select_detections
from tests.sample.fakes import proposals


@st.composite
def candidates(draw: st.DrawFn) -> NDArray[np.float32]:
    count = draw(st.integers(0, 40))
    corner = draw(arrays(np.float32, (count, 2), elements=st.floats(0, 80, width=32)))
    size = draw(arrays(np.float32, (count, 2), elements=st.floats(1, 40, width=32)))
    score = draw(arrays(np.float32, (count, 1), elements=st.floats(0, 1, width=32)))
    classes = draw(arrays(np.int32, (count, 1), elements=st.integers(0, 2)))
    rows = np.hstack([corner, corner + size, score, classes, score / 2])
    return np.asarray(rows, dtype=np.float32)


@given(candidates(), st.floats(0.05, 0.9))
@settings(max_examples=60, deadline=None)
def test_those_above_the_threshold_are_the_detections(
    raw: NDArray[np.float32], threshold: float
) -> None:
    same_size = Letterbox.fit((128, 128), (128, 128))
    detections = select_detections(raw, same_size, score_threshold=threshold, iou_threshold=0.45)

    above = proposals_of(raw, 0.45).above(threshold)

    assert np.array_equal(above.boxes_xyxy, detections.boxes_xyxy)
    assert np.array_equal(above.scores, detections.scores)
    assert np.array_equal(above.class_ids, detections.class_ids)


def test_what_is_not_finite_or_has_no_size_is_left_out() -> None:
    raw = np.array(
        [
            [0, 0, 10, 10, 0.9, 0, 0.1],
            [0, 0, np.nan, 10, 0.8, 0, 0],
            [50, 50, 50, 60, 0.7, 0, 0],
        ],
        dtype=np.float32,
    )

    assert proposals_of(raw, 0.45).scores.tolist() == pytest.approx([0.9])


def test_classes_can_be_chosen() -> None:
    found = proposals((0, 0, 9, 9, 0.9, 0), (20, 0, 29, 9, 0.8, 1), (40, 0, 49, 9, 0.7, 2))

    assert found.of_classes(frozenset({2, 0})).class_ids.tolist() == [0, 2]
    assert found.of_classes(None) is found


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(K, 7\)"):
        proposals_of(np.zeros((3, 6), np.float32), 0.5)
    with pytest.raises(ValueError, match="boxes"):
        Proposals(
            np.zeros((2, 4), np.float32),
            np.zeros(1, np.float32),
            np.zeros(1, np.int32),
            np.zeros(1, np.float32),
        )
