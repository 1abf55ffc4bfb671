"""Which objects two models both see."""

import numpy as np
import pytest

from edgedet.detections import Detections
from edgedet.stream.comparison import SharedClasses, compare, objects_of
from edgedet.stream.model import Thresholds

SAME = SharedClasses(("person", "car"), ("person", "car"))


def _seen(*objects: tuple[float, int]) -> Detections:
    """Boxes of 10 x 10 at these x, of these classes."""
    boxes = np.array([[x, 0, x + 10, 10] for x, _ in objects], np.float32).reshape(-1, 4)
    ids = np.array([class_id for _, class_id in objects], np.int32)
    return Detections(boxes, np.full(len(objects), 0.9, np.float32), ids)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (_seen(), _seen(), (0, 0)),
        (_seen((0, 0)), _seen(), (0, 1)),
        (_seen((0, 0), (50, 1)), _seen((1, 0), (50, 1)), (4, 4)),
        (_seen((0, 0)), _seen((0, 1)), (0, 2)),  # another class
        (_seen((0, 0)), _seen((5, 0)), (0, 2)),  # an IoU of 1/3
        (_seen((0, 0)), _seen((0, 0), (1, 0)), (2, 3)),  # one partner each
    ],
)
def test_counts_both_sides(old: Detections, new: Detections, expected: tuple[int, int]) -> None:
    assert compare(old, new, SAME) == expected
    assert compare(new, old, SAME) == expected


def test_classes_go_by_name_and_what_one_does_not_know_is_left_out() -> None:
    classes = SharedClasses(("person", "dog"), ("car", "person"))
    assert classes.to_old(np.array([0, 1], np.int32)).tolist() == [-1, 0]
    old, new = _seen((0, 0), (30, 1)), _seen((0, 1), (60, 0))
    assert compare(old, new, classes) == (2, 2)


def test_what_counts_is_above_the_threshold_and_once() -> None:
    rows = [[0, 0, 10, 10, 0.9, 1, 0], [0, 0, 10, 9, 0.8, 1, 0], [20, 0, 30, 10, 0.2, 0, 0]]
    found = objects_of(np.array(rows, np.float32), (48, 64), Thresholds(0.25, 0.45))
    assert found.class_ids.tolist() == [1]
    assert found.boxes_xyxy.tolist() == [[0, 0, 10, 10]]
