import numpy as np
from numpy.typing import NDArray

from edgedet.detections import Detections
from train.evaluate import match_detections

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
