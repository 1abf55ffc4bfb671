"""Throughput and latency over the last half hour, for the page's curves: a point every few seconds.

Percentiles of a point are those of its own interval, read off the stages' buckets.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from edgedet.clock import Clock
from edgedet.health.base import StageVitals, Vitals

INTERVAL_S = 5.0
POINTS = 360


@dataclass(frozen=True, slots=True)
class Point:
    """One interval. `source_fps` are results a second by source, in the order of the sources.

    Percentiles are None when nothing was measured.
    """

    time_s: float
    """Unix time."""
    fps_in: float
    fps: float
    p50_ms: float | None
    p99_ms: float | None
    pending: int
    source_fps: tuple[float, ...]


class History:
    """The last points. One thread adds, any thread reads."""

    def __init__(self, clock: Clock) -> None:
        """Begin empty."""
        self._clock = clock
        self._lock = threading.Lock()  # guards _points
        self._points: deque[Point] = deque(maxlen=POINTS)
        self._last: Vitals | None = None

    def add(self, vitals: Vitals) -> None:
        """Add the point that ends now, if the interval is over."""
        last = self._last
        if last is None:
            self._last = vitals
            return
        elapsed_s = vitals.uptime_s - last.uptime_s
        if elapsed_s < INTERVAL_S:
            return
        self._last = vitals
        point = self._point(last, vitals, elapsed_s)
        with self._lock:
            self._points.append(point)

    def points(self) -> list[Point]:
        """All points, the oldest first."""
        with self._lock:
            return list(self._points)

    def _point(self, last: Vitals, now: Vitals, elapsed_s: float) -> Point:
        before, after = last.stages["total"], now.stages["total"]
        counts = [b - a for a, b in zip(before.counts, after.counts, strict=True)]
        # by id, as a configuration that is read anew may change the sources
        old = {source.status.source_id: source for source in last.sources}
        pairs = [(old.get(source.status.source_id, source), source) for source in now.sources]
        decoded = sum(max(0, source.decoded - was.decoded) for was, source in pairs)
        rates = tuple(
            round(max(0, source.detected - was.detected) / elapsed_s, 2) for was, source in pairs
        )
        return Point(
            time_s=round(self._clock.utc_now().timestamp(), 1),
            fps_in=round(decoded / elapsed_s, 2),
            fps=round(sum(rates), 2),
            p50_ms=_milliseconds(after, counts, 0.50),
            p99_ms=_milliseconds(after, counts, 0.99),
            pending=now.broker.pending if now.broker else 0,
            source_fps=rates,
        )


def quantile_s(bounds_s: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """The duration below which `share` of those in the buckets lie; None when there are none.

    Evenly spread within a bucket, as `histogram_quantile` of Prometheus assumes; what lies above
    the last bound counts as the last bound.

    >>> quantile_s((0.1, 0.2, 0.4), (0, 10, 10, 0), 0.75)
    0.3
    """
    rank = share * sum(counts)
    if rank <= 0:
        return None
    below = 0
    for index, bound_s in enumerate(bounds_s):
        if below + counts[index] >= rank:
            start_s = bounds_s[index - 1] if index else 0.0
            return round(start_s + (bound_s - start_s) * (rank - below) / counts[index], 9)
        below += counts[index]
    return bounds_s[-1]


def _milliseconds(stage: StageVitals, counts: Sequence[int], share: float) -> float | None:
    value_s = quantile_s(stage.bounds_s, counts, share)
    return None if value_s is None else round(1000.0 * value_s, 1)
