"""One frame's pairs: strong before weak, near before far, and never two for one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.track.association import Expected, Found, associate

BOX = [0.4, 0.2, 0.5, 0.6]
RED, BLUE = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def _moved(x: float, height: float = 0.4) -> list[float]:
    return [BOX[0] + x, BOX[3] - height, BOX[2] + x, BOX[3]]


def _expected(
    *boxes: list[float],
    is_confirmed: bool = True,
    is_fresh: bool = True,
    class_id: int = 0,
    looks: list[NDArray[np.float64]] | None = None,
    spread: float = 0.05,
) -> Expected:
    count = len(boxes)
    return Expected(
        boxes_xyxy=np.array(boxes, np.float64).reshape(-1, 4),
        spread=np.full(count, spread),
        class_ids=np.full(count, class_id, np.int32),
        looks=None if looks is None else np.stack(looks),
        is_confirmed=np.full(count, is_confirmed),
        is_fresh=np.full(count, is_fresh),
    )


def _found(
    *boxes: list[float],
    scores: tuple[float, ...] = (),
    looks: list[NDArray[np.float64]] | None = None,
) -> Found:
    values = np.array(scores or [0.9] * len(boxes))
    return Found(
        boxes_xyxy=np.array(boxes, np.float64).reshape(-1, 4),
        scores=values,
        class_ids=np.zeros(len(boxes), np.int32),
        looks=None if looks is None else np.stack(looks),
        is_strong=values >= 0.4,
        may_start=values > 0.25,
    )


def test_the_better_overlap_wins() -> None:
    pairs = associate(_expected(BOX, _moved(0.08)), _found(_moved(0.07), _moved(0.01)))

    assert pairs == [(0, 1), (1, 0)]


def test_a_strong_detection_goes_before_a_weak_one_that_fits_better() -> None:
    pairs = associate(_expected(BOX), _found(BOX, _moved(0.03), scores=(0.2, 0.8)))

    assert pairs == [(0, 1)]


def test_a_weak_detection_carries_on_what_was_just_seen_and_nothing_else() -> None:
    weak = _found(BOX, scores=(0.15,))

    assert associate(_expected(BOX), weak) == [(0, 0)]
    assert associate(_expected(BOX, is_fresh=False), weak) == []
    assert associate(_expected(BOX, is_confirmed=False), weak) == []


def test_a_candidate_takes_what_is_left() -> None:
    both = Expected(
        boxes_xyxy=np.array([BOX, BOX]),
        spread=np.full(2, 0.05),
        class_ids=np.zeros(2, np.int32),
        looks=None,
        is_confirmed=np.array([False, True]),
        is_fresh=np.array([True, True]),
    )

    assert associate(both, _found(BOX)) == [(1, 0)]
    assert associate(both, _found(_moved(0.01), _moved(0.03))) == [(1, 0), (0, 1)]


def test_another_class_is_another_object() -> None:
    assert associate(_expected(BOX, class_id=1), _found(BOX)) == []


@pytest.mark.parametrize(
    ("moved", "is_reached"),
    [(_moved(0.11), True), (_moved(0.2), False), (_moved(0.11, height=0.15), False)],
)
def test_what_moved_beyond_its_box_is_reached_within_bounds(
    moved: list[float], *, is_reached: bool
) -> None:
    pairs = associate(_expected(BOX, spread=0.06), _found(moved))

    assert pairs == ([(0, 0)] if is_reached else [])


def test_colours_decide_between_two_who_meet() -> None:
    near, far = _moved(0.03), _moved(-0.03)
    expected = _expected(near, far, looks=[RED, BLUE])

    plain = associate(_expected(near, far), _found(_moved(0.005), _moved(-0.005)))
    coloured = associate(expected, _found(_moved(0.005), _moved(-0.005), looks=[BLUE, RED]))

    assert plain == [(0, 0), (1, 1)]
    assert coloured == [(0, 1), (1, 0)]


def test_nothing_comes_of_nothing() -> None:
    assert associate(_expected(), _found(BOX)) == []
    assert associate(_expected(BOX), _found()) == []
