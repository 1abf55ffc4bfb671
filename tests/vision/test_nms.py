import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgedet.vision import iou_matrix, nms

Case = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]


@st.composite
def cases(draw: st.DrawFn, most: int = 40) -> Case:
    """Boxes on a coarse grid, so that equal overlaps and equal scores come up."""
    count = draw(st.integers(0, most))
    whole = st.integers(0, 20).map(float)
    corners = draw(npst.arrays(np.float32, (count, 2), elements=whole))
    sizes = draw(npst.arrays(np.float32, (count, 2), elements=whole))
    scores = draw(npst.arrays(np.float32, count, elements=st.integers(0, 8).map(lambda n: n / 8)))
    ids = draw(npst.arrays(np.int32, count, elements=st.integers(0, 2)))
    return np.concatenate([corners, corners + sizes], axis=1), scores, ids


def plain_nms(case: Case, threshold: float, most: int) -> list[int]:
    """The definition, one box after the other."""
    boxes, scores, ids = case
    ious = iou_matrix(boxes.astype(np.float64), boxes.astype(np.float64))
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable").tolist():
        if all(ids[index] != ids[other] or ious[index, other] <= threshold for other in kept):
            kept.append(index)
    return kept[:most]


@given(cases(), st.sampled_from([0.0, 0.25, 0.5, 0.6, 1.0]), st.integers(1, 50))
def test_is_the_greedy_definition(case: Case, threshold: float, most: int) -> None:
    assert nms(*case, threshold, most).tolist() == plain_nms(case, threshold, most)


@pytest.mark.parametrize("count", [127, 128, 129, 300, 1000])
def test_is_the_greedy_definition_over_several_blocks(count: int) -> None:
    rng = np.random.default_rng(count)
    corner = rng.uniform(0, 150, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 60, (count, 2))], 1).astype(np.float32)
    case = boxes, rng.random(count).astype(np.float32), rng.integers(0, 3, count).astype(np.int32)
    for most in (1000, 20):
        assert nms(*case, 0.45, most).tolist() == plain_nms(case, 0.45, most)


@given(cases())
def test_a_second_pass_changes_nothing(case: Case) -> None:
    boxes, scores, ids = case
    keep = nms(boxes, scores, ids, 0.5)
    again = nms(boxes[keep], scores[keep], ids[keep], 0.5)
    assert again.tolist() == list(range(len(keep)))


@given(cases())
def test_scores_fall_and_no_two_boxes_of_a_class_overlap_more(case: Case) -> None:
    boxes, scores, ids = case
    keep = nms(*case, 0.5)
    assert (np.diff(scores[keep]) <= 0).all()
    for class_id in range(3):
        mine = boxes[keep][ids[keep] == class_id].astype(np.float64)
        ious = iou_matrix(mine, mine)
        np.fill_diagonal(ious, 0)
        assert (ious <= 0.5).all()


def test_an_overlap_equal_to_the_threshold_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 10, 6]], np.float32)
    scores, ids = np.array([0.9, 0.8, 0.7], np.float32), np.zeros(3, np.int32)
    assert nms(boxes[:2], scores[:2], ids[:2], 0.5).tolist() == [0, 1]
    assert nms(boxes[[0, 2]], scores[:2], ids[:2], 0.6).tolist() == [0, 1]
    assert nms(boxes[[0, 2]], scores[:2], ids[:2], 0.5).tolist() == [0]


def test_far_coordinates_do_not_mix_classes() -> None:
    boxes = np.array([[0, 0, 9000, 9000], [4096, 4096, 13096, 13096]], np.float32)
    ids = np.array([1, 0], np.int32)
    assert nms(boxes, np.array([0.9, 0.8], np.float32), ids, 0.1).tolist() == [0, 1]


def test_nothing_in_nothing_out() -> None:
    none = nms(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32), 0.5)
    assert none.shape == (0,)
    assert none.dtype == np.int64


def test_boxes_without_area_suppress_nobody() -> None:
    boxes = np.array([[5, 5, 5, 5], [5, 5, 5, 5], [9, 9, 1, 1]], np.float32)
    scores = np.array([0.9, 0.8, 0.7], np.float32)
    assert nms(boxes, scores, np.zeros(3, np.int32), 0.0).tolist() == [0, 1, 2]
