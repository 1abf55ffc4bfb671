"""The best pairing, against all pairings."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from edgedet.track.assignment import assign

SHAPES = st.tuples(st.integers(0, 5), st.integers(0, 5))
# few values, so that equal sums and rows without any partner are frequent
GAINS = SHAPES.flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([-1.0, 0.0, 0.1, 0.3, 0.7]))
)


def _best_sum(gains: NDArray[np.float64]) -> float:
    if gains.shape[0] > gains.shape[1]:
        gains = gains.T
    count, width = gains.shape
    useful = np.maximum(gains, 0.0)
    return max(
        sum(float(useful[row, column]) for row, column in enumerate(columns))
        for columns in itertools.permutations(range(width), count)
    )


@given(GAINS)
def test_no_pairing_is_better(gains: NDArray[np.float64]) -> None:
    pairs = assign(gains)

    assert sum(gains[pair] for pair in pairs) == pytest.approx(_best_sum(gains))
    assert all(gains[pair] > 0 for pair in pairs)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert pairs == sorted(pairs)


def test_a_crowd_is_paired_as_one() -> None:
    random = np.random.default_rng(7)
    order = random.permutation(60)
    gains = random.random((60, 60)) * 0.9
    gains[np.arange(60), order] = 1.0

    assert assign(gains) == [(row, int(column)) for row, column in enumerate(order)]


def test_nothing_is_paired_with_nothing() -> None:
    assert assign(np.zeros((0, 3))) == assign(np.zeros((2, 0))) == assign(np.zeros((2, 3))) == []
