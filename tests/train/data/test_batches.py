"""Batches: order and sizes come from seed, epoch and number alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.data.batches import BatchSizes, SizedBatches


def test_one_size_without_spread() -> None:
    sizes = BatchSizes(416, 0.0, seed=0, epoch=3)
    assert {sizes.of(batch) for batch in range(20)} == {416}


def test_sizes_are_spread_over_all_steps_of_the_stride() -> None:
    sizes = BatchSizes(416, 0.5, seed=0, epoch=0)
    seen = {sizes.of(batch) for batch in range(300)}
    assert seen == set(range(224, 625, 32))


@given(
    steps=st.integers(1, 40),
    spread=st.floats(0, 0.99),
    stride=st.sampled_from([32, 64]),
    batch=st.integers(0, 1000),
)
def test_sizes_keep_to_the_limits(steps: int, spread: float, stride: int, batch: int) -> None:
    side = steps * stride
    size = BatchSizes(side, spread, 7, 2, stride).of(batch)
    assert size % stride == 0
    assert side * (1 - spread) <= size <= side * (1 + spread)
    assert size > 0


def test_a_resume_within_an_epoch_finds_the_same_batches() -> None:
    sizes = BatchSizes(128, 0.5, seed=3, epoch=1)
    whole = list(SizedBatches(range(22), 4, sizes))
    rest = list(SizedBatches(range(8, 22), 4, sizes, first_batch=2))
    assert rest == whole[2:]
    assert len({side for batch in whole for _, side in batch}) > 1


@pytest.mark.parametrize(("count", "batches", "last"), [(8, 2, 4), (9, 3, 1), (3, 1, 3)])
def test_the_last_batch_may_be_smaller(count: int, batches: int, last: int) -> None:
    made = SizedBatches(range(count), 4, BatchSizes(64, 0.0, 0, 0))
    listed = list(made)
    assert len(made) == len(listed) == batches
    assert len(listed[-1]) == last
    assert sorted(index for batch in listed for index, _ in batch) == list(range(count))
