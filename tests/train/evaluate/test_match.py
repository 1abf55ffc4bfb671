import numpy as np
from hypothesis import given, settings
from numpy.typing import NDArray

from edgedet.detections import Detections
from edgedet.vision import iou_matrix
from tests.train.evaluate.pictures import Scene, scenes
from train.evaluate import match_detections
from train.evaluate.match import matched_truths

TRUTH = np.array([[0, 0, 100, 100], [0, 0, 100, 80]], dtype=np.float32)


def detections(boxes: list[list[float]], classes: list[int] | None = None) -> Detections:
    scores = np.linspace(0.9, 0.1, len(boxes)).astype(np.float32)
    ids = np.array(classes or [0] * len(boxes), dtype=np.int32)
    return Detections(np.array(boxes, dtype=np.float32).reshape(-1, 4), scores, ids)


def zeros(count: int) -> NDArray[np.int32]:
    return np.zeros(count, dtype=np.int32)


def test_coco_gives_a_second_detection_the_next_best_truth() -> None:
    found = detections([[0, 0, 100, 100], [0, 0, 100, 95]])
    hits = match_detections(found, TRUTH, zeros(2), "coco", [0.5])
    assert hits[:, 0].tolist() == [True, True]


def test_original_does_not_look_at_a_second_truth() -> None:
    found = detections([[0, 0, 100, 100], [0, 0, 100, 95]])
    hits = match_detections(found, TRUTH, zeros(2), "trapezoid", [0.5])
    assert hits[:, 0].tolist() == [True, False]


def test_an_overlap_equal_to_the_threshold_counts_for_coco_only() -> None:
    found = detections([[0, 0, 100, 50]])
    assert match_detections(found, TRUTH[:1], zeros(1), "coco", [0.5]).tolist() == [[True]]
    assert match_detections(found, TRUTH[:1], zeros(1), "trapezoid", [0.5]).tolist() == [[False]]


def test_a_detection_is_right_up_to_its_overlap() -> None:
    found = detections([[0, 0, 100, 72]])
    hits = match_detections(found, TRUTH[:1], zeros(1))
    assert hits[0].tolist() == [True] * 5 + [False] * 5


def test_another_class_is_never_right() -> None:
    found = detections([[0, 0, 100, 100]], [1])
    assert not match_detections(found, TRUTH, zeros(2)).any()


def test_nothing_found_or_nothing_there() -> None:
    assert match_detections(detections([]), TRUTH, zeros(2)).shape == (0, 10)
    found = detections([[0, 0, 10, 10]])
    assert not match_detections(found, TRUTH[:0], zeros(0)).any()


@settings(max_examples=60, deadline=None)
@given(scenes())
def test_a_truth_is_taken_once_by_its_own_class_and_near_enough(pictures: list[Scene]) -> None:
    for one in pictures:
        taken = matched_truths(one.found, one.truth_xyxy, one.truth_classes, 0.5)
        rows = np.flatnonzero(taken >= 0)
        ious = iou_matrix(
            one.found.boxes_xyxy.astype(np.float64), one.truth_xyxy.astype(np.float64)
        )

        assert len(set(taken[rows].tolist())) == len(rows)
        assert (one.found.class_ids[rows] == one.truth_classes[taken[rows]]).all()
        assert (ious[rows, taken[rows]] >= 0.5).all()
        hits = match_detections(one.found, one.truth_xyxy, one.truth_classes, thresholds=(0.5,))
        assert hits[:, 0].tolist() == (taken >= 0).tolist()


@settings(max_examples=60, deadline=None)
@given(scenes())
def test_stricter_thresholds_find_no_more(pictures: list[Scene]) -> None:
    for one in pictures:
        for method in ("coco", "trapezoid"):
            hits = match_detections(one.found, one.truth_xyxy, one.truth_classes, method)
            assert (np.diff(hits.sum(axis=0)) <= 0).all()
