"""Durations fall into their buckets, and none is lost."""

from hypothesis import given
from hypothesis import strategies as st

from edgedet.stream.histogram import BOUNDS_S, Histogram


def test_a_bucket_includes_its_upper_bound() -> None:
    histogram = Histogram()
    for value_s in (0.0, BOUNDS_S[0], BOUNDS_S[0] * 1.01, BOUNDS_S[-1], BOUNDS_S[-1] + 1):
        histogram.add(value_s)

    assert histogram.counts[:2] == (2, 1)
    assert histogram.counts[-2:] == (1, 1)


@given(st.lists(st.floats(0, 100)))
def test_every_duration_is_counted_once(values_s: list[float]) -> None:
    histogram = Histogram()
    for value_s in values_s:
        histogram.add(value_s)

    assert sum(histogram.counts) == len(values_s)
    assert histogram.sum_s == sum(values_s)
    for index, bound_s in enumerate(BOUNDS_S):
        below = sum(1 for value_s in values_s if value_s <= bound_s)
        assert sum(histogram.counts[: index + 1]) == below


def test_bounds_rise() -> None:
    assert list(BOUNDS_S) == sorted(set(BOUNDS_S))
