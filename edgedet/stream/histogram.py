"""Durations counted in fixed buckets, from the start on: what a monitoring system sums up."""

from bisect import bisect_left

# neighbours are close, so that a percentile read off is never far from the truth
BOUNDS_S = tuple(
    milliseconds / 1000.0
    for milliseconds in (
        *(0.25, 0.4, 0.6, 1, 1.5, 2.5, 4, 6, 10, 15, 25, 40, 60, 80, 100, 150, 200, 250, 400),
        *(600, 800, 1000, 1500, 2500, 4000, 6000, 10_000, 30_000),
    )
)


class Histogram:
    """Counts of durations by bucket. One thread adds, any thread reads."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._sum_s = 0.0

    def add(self, value_s: float) -> None:
        """Count one duration; a bucket includes its upper bound."""
        self._counts[bisect_left(BOUNDS_S, value_s)] += 1
        self._sum_s += value_s

    @property
    def counts(self) -> tuple[int, ...]:
        """Durations in each bucket by upper bound, and those above the last."""
        return tuple(self._counts)

    @property
    def sum_s(self) -> float:
        """All durations together."""
        return self._sum_s
