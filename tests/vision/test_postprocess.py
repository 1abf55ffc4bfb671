import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.detections import Detections
from edgedet.vision import Letterbox, select_detections

BOX = Letterbox.fit((576, 768), (416, 416))


def candidate(
    x: float, y: float, score: float, class_id: int = 0, size: float = 40.0
) -> list[float]:
    return [x, y, x + size, y + size, score, class_id, 0.0]


def select(rows: list[list[float]], score: float = 0.25, most: int = 300) -> Detections:
    candidates: NDArray[np.float32] = np.array(rows, np.float32).reshape(-1, 7)
    return select_detections(
        candidates, BOX, score_threshold=score, iou_threshold=0.45, max_detections=most
    )


def test_keeps_what_is_above_the_threshold_only() -> None:
    found = select([candidate(0, 60, 0.5), candidate(100, 60, 0.25), candidate(200, 60, 0.2)])
    assert found.scores.tolist() == [0.5]


def test_suppresses_within_a_class_only() -> None:
    found = select(
        [candidate(100, 100, 0.9), candidate(102, 100, 0.8), candidate(101, 100, 0.7, 1)]
    )
    assert found.class_ids.tolist() == [0, 1]
    assert found.scores.tolist() == pytest.approx([0.9, 0.7])


def test_boxes_are_in_source_pixels() -> None:
    found = select([candidate(104, 156, 0.9, size=52)])
    np.testing.assert_allclose(found.boxes_xyxy, [[192, 192, 288, 288]], atol=1e-3)


def test_boxes_in_the_padding_are_left_out() -> None:
    assert len(select([candidate(100, 2, 0.9)])) == 0
    assert len(select([candidate(100, 30, 0.9)])) == 1


def test_at_most_so_many() -> None:
    rows = [candidate(50 * column, 80, 0.9 - 0.1 * column) for column in range(5)]
    assert select(rows, most=3).scores.tolist() == pytest.approx([0.9, 0.8, 0.7])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_left_out(bad: float) -> None:
    broken = candidate(100, 100, 0.9)
    broken[2] = bad
    assert len(select([broken, [*candidate(100, 100, 0.5)[:4], bad, 0, 0]])) == 0


def test_nothing_found_is_empty() -> None:
    found = select([candidate(100, 100, 0.1)])
    assert found.boxes_xyxy.shape == (0, 4)
    assert found.class_ids.dtype == np.int32


def test_candidates_are_left_as_they_were() -> None:
    candidates = np.array([candidate(100, 100, 0.9)], np.float32)
    before = candidates.copy()
    select_detections(candidates, BOX, score_threshold=0.1, iou_threshold=0.5)
    np.testing.assert_array_equal(candidates, before)


@pytest.mark.parametrize("shape", [(7,), (1, 6), (1, 3, 7)])
def test_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must be \(K, 7\)"):
        select_detections(np.zeros(shape, np.float32), BOX, score_threshold=0, iou_threshold=0)
