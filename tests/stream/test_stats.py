"""Rates and percentiles over a bounded window."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.detections import Detections, FrameDetections
from edgedet.stream.stats import PipelineStats, RateMeter, Samples, Stage
from tests.stream.fakes import FramePool


def _result(source_id: str, seq: int, objects: int, *, arrival_s: float) -> FrameDetections:
    detections = Detections(
        np.zeros((objects, 4), np.float32),
        np.zeros(objects, np.float32),
        np.zeros(objects, np.int32),
    )
    frame = FramePool().frame(source_id, seq, arrival_s=arrival_s).info
    return FrameDetections(
        frame,
        detections,
        batched_s=arrival_s + 0.010,
        infer_start_s=arrival_s + 0.030,
        infer_end_s=arrival_s + 0.070,
    )


@pytest.mark.parametrize("fps", [1.0, 15.0, 25.0, 300.0])
def test_rate_of_a_steady_source(fps: float) -> None:
    meter = RateMeter()
    for number in range(int(10 * fps)):
        meter.add(number / fps)
    assert meter.rate(10.0) == pytest.approx(fps, rel=0.1, abs=0.25)


def test_rate_falls_to_nothing_when_nothing_comes() -> None:
    meter = RateMeter()
    for number in range(50):
        meter.add(number * 0.1)
    assert meter.rate(8.0) < 5.0
    assert meter.rate(60.0) == 0.0


def test_rate_of_nothing_is_zero() -> None:
    assert RateMeter().rate(5.0) == 0.0


@given(st.lists(st.floats(0, 10), min_size=1, max_size=300))
def test_percentiles_lie_among_the_samples(values: list[float]) -> None:
    samples = Samples()
    for value in values:
        samples.add(value)
    found = samples.percentiles()
    assert found.count == len(values)
    assert min(values) * 1000 <= found.p50_ms <= found.p99_ms <= max(values) * 1000


def test_samples_are_bounded() -> None:
    samples = Samples(size=10)
    for value in range(100):
        samples.add(float(value))
    assert samples.percentiles().count == 10
    assert samples.percentiles().p50_ms >= 90_000.0


def test_stages_add_up_to_the_total() -> None:
    stats = PipelineStats(("a", "b"))
    stats.add_batch(2, 0.04)
    stats.add(_result("a", 0, 3, arrival_s=5.0), now_s=5.075)
    stats.add(_result("a", 1, 1, arrival_s=5.0), now_s=5.075)
    p50 = {stage: value.p50_ms for stage, value in stats.stages().items()}
    assert p50[Stage.WAIT] == pytest.approx(10.0)
    assert p50[Stage.QUEUE] == pytest.approx(20.0)
    assert p50[Stage.INFER] == pytest.approx(40.0)
    assert p50[Stage.POST] == pytest.approx(5.0)
    assert p50[Stage.TOTAL] == pytest.approx(75.0)
    assert p50[Stage.PAINT] == 0.0
    assert (stats.batches, stats.frames, stats.infer_s) == (1, 2, 0.04)


def test_counts_each_source_by_itself() -> None:
    stats = PipelineStats(("a", "b"))
    stats.add(_result("a", 0, 3, arrival_s=5.0), now_s=5.075)
    stats.add(_result("a", 1, 1, arrival_s=5.1), now_s=5.175)
    a, b = (stats.sources[name].figures(5.2) for name in ("a", "b"))
    assert (a.detected, a.objects, a.objects_total) == (2, 1, 4)
    assert a.latency.p50_ms == pytest.approx(75.0)
    assert (b.detected, b.fps, b.latency.count) == (0, 0.0, 0)


def test_a_source_that_is_back_goes_on_counting() -> None:
    stats = PipelineStats(("a",))
    stats.leave_out("a")
    for source_id in ("a", "b"):
        stats.add_source(source_id)
    stats.leave_out("b")
    assert [stats.sources[source_id].left_out for source_id in ("a", "b")] == [1, 1]
