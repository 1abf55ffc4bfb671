"""The busy share follows what the backend does."""

import pytest

from edgedet.stream.busy import BusyShare
from tests.stream.fakes import FakeClock


def _run(meter: BusyShare, clock: FakeClock, *, busy_s: float, idle_s: float) -> None:
    for _ in range(60):
        clock.advance(idle_s)
        meter.enter()
        clock.advance(busy_s)
        meter.leave()


@pytest.mark.parametrize(
    ("busy_s", "idle_s", "share"), [(0.03, 0.01, 0.75), (0.01, 0.09, 0.1), (0.02, 0.0, 1.0)]
)
def test_settles_at_the_share_of_busy_time(busy_s: float, idle_s: float, share: float) -> None:
    clock = FakeClock()
    meter = BusyShare(clock)
    _run(meter, clock, busy_s=busy_s, idle_s=idle_s)
    assert meter.share == pytest.approx(share, abs=0.01)


def test_batches_that_follow_without_a_gap_are_all_busy_time() -> None:
    clock = FakeClock()
    meter = BusyShare(clock)
    meter.enter()
    for _ in range(50):
        clock.advance(0.02)
        meter.enter()
        clock.advance(0.02)
        meter.leave()
    assert meter.share == pytest.approx(1.0, abs=0.01)


def test_is_busy_while_a_batch_is_inside() -> None:
    meter = BusyShare(FakeClock())
    states = [meter.is_busy]
    meter.enter()
    states.append(meter.is_busy)
    meter.leave()
    states.append(meter.is_busy)
    assert states == [False, True, False]


def test_no_time_at_all_changes_nothing() -> None:
    meter = BusyShare(FakeClock())
    meter.enter()
    meter.leave()
    assert meter.share == 0.0
