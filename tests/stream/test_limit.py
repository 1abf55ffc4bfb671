"""Batches are as large as pays on the backend at hand."""

from collections.abc import Callable

import pytest

from edgedet.stream.limit import BatchLimit


def _settle(
    limit: BatchLimit,
    cost_s: Callable[[int], float],
    batches: int = 60,
    *,
    is_light: bool = False,
) -> list[int]:
    """Run a backend that always has enough pictures; the sizes of its batches."""
    sizes = []
    for _ in range(batches):
        size = limit.size(is_light=is_light)
        limit.add(size, cost_s(size))
        sizes.append(size)
    return sizes


def test_a_gpu_gets_full_batches() -> None:
    sizes = _settle(BatchLimit(8), lambda size: 0.004 + 0.001 * size)
    assert sizes[-20:] == [8] * 20


@pytest.mark.parametrize("penalty_s", [0.0, 0.002])
def test_a_cpu_gets_one_picture_at_a_time(penalty_s: float) -> None:
    sizes = _settle(BatchLimit(8), lambda size: (0.04 + penalty_s * (size - 1)) * size)
    assert sizes[-20:] == [1] * 20


@pytest.mark.parametrize(("gain", "size"), [(0.2, 1), (0.6, 8)])
def test_a_backend_that_keeps_up_without_batches_gets_them_where_they_save_much(
    gain: float, size: int
) -> None:
    limit = BatchLimit(8)
    _settle(limit, lambda size: 0.04 * (gain + (1 - gain) * size))
    assert (limit.size(), limit.size(is_light=True)) == (8, size)


def test_the_first_run_of_each_kind_counts_for_nothing() -> None:
    limit = BatchLimit(8)
    limit.add(1, 60.0)
    limit.add(8, 60.0)
    assert _settle(limit, lambda size: 0.004 + 0.001 * size)[-20:] == [8] * 20
    limit = BatchLimit(8)
    limit.add(1, 60.0)
    assert _settle(limit, lambda size: 0.04 * size)[-20:] == [1] * 20


def test_a_backend_that_changes_is_noticed() -> None:
    limit = BatchLimit(8)
    _settle(limit, lambda size: 0.04 * size)
    assert _settle(limit, lambda size: 0.004 + 0.001 * size, 700)[-20:] == [8] * 20


def test_a_backend_that_keeps_up_without_batches_tries_them_once() -> None:
    limit = BatchLimit(8)
    sizes = _settle(limit, lambda size: 0.04 * size, 2000, is_light=True)
    assert max(sizes[:10]) == 8
    assert sizes[10:] == [1] * 1990
    assert 8 in _settle(limit, lambda size: 0.04 * size, 4)  # at once when it no longer does


def test_one_slow_picture_changes_little() -> None:
    limit = BatchLimit(8)
    _settle(limit, lambda size: 0.04 * size)
    before_s = limit.single_s
    limit.add(1, 0.08)
    assert limit.single_s == pytest.approx(before_s, rel=0.11)


def test_batches_that_save_little_are_doubted_soon() -> None:
    """Single pictures that were slow for a moment do not bring minutes of batches."""
    limit = BatchLimit(8)
    for _ in range(4):
        limit.add(1, 0.05)
        limit.add(8, 8 * 0.04)
    assert limit.size() == 8
    assert _settle(limit, lambda size: 0.04 * size, 60)[-20:] == [1] * 20


def test_what_a_picture_takes_alone_is_known_while_batches_run() -> None:
    limit = BatchLimit(8)
    assert limit.single_s == 0.0
    _settle(limit, lambda size: 0.004 + 0.001 * size, 250)
    assert limit.single_s == pytest.approx(0.005)


def test_few_pictures_say_nothing_about_batches() -> None:
    limit = BatchLimit(8)
    for _ in range(50):
        limit.add(1, 0.04)
    assert limit.size() == 8


def test_one_stays_one() -> None:
    assert set(_settle(BatchLimit(1), lambda _size: 0.01)) == {1}


def test_another_model_may_gain_by_batches() -> None:
    limit = BatchLimit(8)
    for _ in range(5):
        limit.add(1, 0.1)
        limit.add(8, 0.8)
    assert limit.size() == 1
    limit.restart()
    assert limit.size() == 8
