"""Points of the past half hour: rates and percentiles of their own interval, bounded."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.health.base import Vitals
from edgedet.health.history import INTERVAL_S, POINTS, History, quantile_s
from tests.health.figures import a_source, a_stage, the_vitals
from tests.stream.fakes import FakeClock


def _at(uptime_s: float, detected: int, counts: tuple[int, ...] = (0, 0, 0, 0)) -> Vitals:
    stages = dict.fromkeys(("wait", "queue", "paint", "infer", "post", "total"), a_stage(counts))
    source = a_source(decoded=2 * detected, detected=detected)
    return the_vitals(source, uptime_s=uptime_s, stages=stages)


def test_a_point_has_the_rates_of_its_interval() -> None:
    history = History(FakeClock())
    history.add(_at(10.0, 100, (50, 50, 0, 0)))
    history.add(_at(12.0, 120, (50, 70, 0, 0)))  # not due yet
    history.add(_at(20.0, 300, (50, 250, 0, 0)))

    (point,) = history.points()

    assert (point.fps, point.fps_in, point.source_fps) == (20.0, 40.0, (20.0,))
    assert point.p50_ms == pytest.approx(55.0)  # evenly from 10 to 100 ms
    assert point.p99_ms == pytest.approx(99.1)
    assert point.pending == 2


def test_sources_may_come_and_go() -> None:
    history = History(FakeClock())
    first = _at(0.0, 0)
    history.add(first)
    new = replace(first, uptime_s=5.0, sources=(a_source("new"), *_at(5.0, 50).sources))
    history.add(new)

    (point,) = history.points()

    assert point.source_fps == (0.0, 10.0)


def test_an_idle_interval_has_no_latency() -> None:
    history = History(FakeClock())
    history.add(_at(0.0, 0))
    history.add(replace(_at(INTERVAL_S, 0), broker=None))

    (point,) = history.points()

    assert (point.fps, point.p50_ms, point.p99_ms, point.pending) == (0.0, None, None, 0)


def test_old_points_make_way() -> None:
    history = History(FakeClock())
    for index in range(POINTS + 10):
        history.add(_at(index * INTERVAL_S, index))

    assert len(history.points()) == POINTS


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.floats(0.01, 1.0))
def test_a_quantile_lies_in_the_bucket_of_its_rank(counts: list[int], share: float) -> None:
    bounds_s = (0.1, 0.2, 0.4)
    found = quantile_s(bounds_s, counts, share)
    if not sum(counts):
        assert found is None
        return
    assert found is not None
    index = next(i for i in range(4) if sum(counts[: i + 1]) >= share * sum(counts))
    low = (0.0, *bounds_s)[min(index, 3)]
    high = bounds_s[min(index, 2)]
    assert min(low, high) <= found <= high + 1e-9
