"""Orders of pictures, their parts, and weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.engine.sampling import ProcessSampler, class_factors, epoch_order, picture_weights


def labels(*class_ids: int) -> np.ndarray:
    return np.array([[c, 0.5, 0.5, 0.1, 0.1] for c in class_ids], np.float32).reshape(-1, 5)


def test_every_picture_is_seen_once_an_epoch() -> None:
    order = epoch_order(100, 1, 5)
    assert sorted(order) == list(range(100))
    assert order.tolist() != sorted(order)
    assert not np.array_equal(order, epoch_order(100, 1, 6))
    assert np.array_equal(order, epoch_order(100, 1, 5))


def test_weights_draw_pictures_again_under_another_number() -> None:
    weights = np.zeros(10)
    weights[[3, 4]] = (1, 3)
    order = epoch_order(1000 // 100, 0, 0, weights)
    assert {int(n) % 10 for n in order} <= {3, 4}
    assert len(set(order.tolist())) == len(order)
    many = epoch_order(1000, 0, 0, np.array([1.0, 3.0] * 500))
    assert 0.7 < (many % 2 == 1).mean() < 0.8


@given(st.integers(1, 50), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3))
def test_processes_share_every_batch(count: int, part: int, size: int, skip: int) -> None:
    order = epoch_order(count, 0, 0)
    batch = part * size
    samplers = [ProcessSampler(order, batch, (rank, size), skip) for rank in range(size)]
    whole = ProcessSampler(order, batch, skip=skip)

    assert len({len(s.batches) for s in samplers}) == 1
    assert all(each for s in samplers for each in s.batches)
    for number, expected in enumerate(whole.batches):
        joined = [i for s in samplers for i in s.batches[number]]
        assert joined[: len(expected)] == expected
        assert len(joined) - len(expected) < size
    assert all(len(list(s)) == len(s) for s in samplers)
    assert list(whole) == order[skip * batch :].tolist()


def test_rare_classes_have_large_factors_with_a_mean_of_one_over_labels() -> None:
    pictures = [labels(0, 0, 0), labels(0, 1), labels()]
    factors = class_factors(pictures, 3)

    assert factors.tolist() == pytest.approx([5 / 8, 5 / 2, 1])
    assert (4 * factors[0] + factors[1]) / 5 == pytest.approx(1)
    assert class_factors([labels(*[0] * 1000, 1)], 2).tolist() == pytest.approx([0.5005, 10])


def test_pictures_of_badly_found_classes_weigh_more() -> None:
    pictures = [labels(0), labels(1), labels(), labels(0, 0)]
    weights = picture_weights(pictures, 2, (0.5, 0.0))
    factors = class_factors(pictures, 2)

    assert weights[0] == pytest.approx(factors[0] * 0.25)
    assert weights[1] == pytest.approx(factors[1])
    assert weights[3] == pytest.approx(2 * weights[0])
    assert weights[2] == pytest.approx(weights[[0, 1, 3]].mean())


def test_without_anything_to_choose_by_all_weigh_the_same() -> None:
    assert picture_weights([labels(), labels()], 2).tolist() == [1, 1]
    assert picture_weights([labels(0)], 1, (1.0,)).tolist() == [1]
