"""The watch knows whether the backend waits, when it will be free, and how busy it was."""

import pytest

from edgedet.stream.backend import BackendWatch
from edgedet.stream.cost import BatchCost
from tests.stream.fakes import FakeClock


def _run(watch: BackendWatch, clock: FakeClock, *, busy_s: float, idle_s: float) -> None:
    for _ in range(60):
        clock.advance(idle_s)
        watch.starts(1)
        clock.advance(busy_s)
        watch.ends()


@pytest.mark.parametrize(
    ("busy_s", "idle_s", "share"), [(0.03, 0.01, 0.75), (0.01, 0.09, 0.1), (0.02, 0.0, 1.0)]
)
def test_settles_at_the_share_of_busy_time(busy_s: float, idle_s: float, share: float) -> None:
    clock = FakeClock()
    watch = BackendWatch(BatchCost(), clock)
    _run(watch, clock, busy_s=busy_s, idle_s=idle_s)
    assert watch.share == pytest.approx(share, abs=0.01)


def test_a_backend_that_does_not_exist_yet_neither_waits_nor_becomes_free() -> None:
    watch = BackendWatch(BatchCost(), FakeClock())
    assert not watch.is_waiting
    assert watch.free_in_s() == float("inf")


def test_it_is_free_while_it_waits_for_a_batch_and_until_one_is_offered() -> None:
    watch = BackendWatch(BatchCost(), FakeClock())
    watch.asks()
    assert (watch.is_waiting, watch.free_in_s()) == (True, 0.0)
    watch.is_offered()
    assert (watch.is_waiting, watch.free_in_s()) == (False, float("inf"))


def test_it_will_be_free_when_a_batch_of_that_size_usually_is_done() -> None:
    clock, cost = FakeClock(), BatchCost()
    watch = BackendWatch(cost, clock)
    watch.starts(2)
    assert watch.free_in_s() == float("inf")  # nobody knows what a batch takes
    for _ in range(3):
        cost.add(2, 0.08)
    assert watch.free_in_s() == pytest.approx(0.08)
    clock.advance(0.05)
    assert watch.free_in_s() == pytest.approx(0.03)
    clock.advance(0.05)
    assert watch.free_in_s() == 0.0  # overdue
    watch.ends()
    assert watch.free_in_s() == float("inf")  # it answered, and has not asked for more yet


def test_no_time_at_all_changes_nothing() -> None:
    watch = BackendWatch(BatchCost(), FakeClock())
    watch.starts(1)
    watch.ends()
    assert watch.share == 0.0
