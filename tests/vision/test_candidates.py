import numpy as np
from numpy.typing import NDArray

from edgedet.vision import Tolerance, compare_candidates

TOLERANCE = Tolerance(box_px=0.2, score=1e-3)


def rows(count: int = 20, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 300, (count, 2))
    scores = np.sort(rng.uniform(0.1, 1, count))[::-1]
    rest = np.zeros((count, 2))
    table = np.concatenate([corner, corner + 50, scores[:, None], rest], axis=1)
    return table.astype(np.float32)


def test_the_order_does_not_matter() -> None:
    expected = rows()
    result = compare_candidates(expected[::-1], expected, TOLERANCE)
    assert (result.unmatched, result.box_px, result.score) == (0, 0.0, 0.0)


def test_small_differences_are_measured() -> None:
    found = rows()
    found[3, 0] += 0.1
    found[5, 4] += 5e-4
    result = compare_candidates(found, rows(), TOLERANCE)
    assert result.unmatched == 0
    np.testing.assert_allclose([result.box_px, result.score], [0.1, 5e-4], atol=1e-4)


def test_a_box_that_moved_has_no_partner() -> None:
    found = rows()
    found[3, 0] += 1.0
    assert compare_candidates(found, rows(), TOLERANCE).unmatched == 1


def test_the_same_row_twice_finds_one_partner() -> None:
    found = rows()
    found[4] = found[3]
    assert compare_candidates(found, rows(), TOLERANCE).unmatched == 1


def test_another_class_has_no_partner_unless_the_classes_tie() -> None:
    found, expected = rows(), rows()
    found[2, 5] = 1
    assert compare_candidates(found, expected, TOLERANCE).unmatched == 1
    found[2, 6] = expected[2, 6] = expected[2, 4] - 5e-4
    assert compare_candidates(found, expected, TOLERANCE).unmatched == 0


def test_rows_at_the_cut_need_no_partner() -> None:
    found = rows()
    found[-1, :4] += 100
    assert compare_candidates(found, rows(), TOLERANCE).unmatched == 0
    longer = rows(21, seed=0)
    assert compare_candidates(found, np.vstack([rows(), longer[:1]]), TOLERANCE).unmatched == 1


def test_a_row_that_is_not_a_number_has_no_partner() -> None:
    found = rows()
    found[0, 4] = np.nan
    assert compare_candidates(found, rows(), TOLERANCE).unmatched == 1


def test_nothing_expected() -> None:
    none = rows()[:0]
    assert compare_candidates(none, none, TOLERANCE).compared == 0
    assert compare_candidates(rows(3), none, TOLERANCE).unmatched == 3
