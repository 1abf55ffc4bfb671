"""A change ends at its next pause when something else is to be done."""

import pytest

from edgedet.rollout.interruption import InterruptedChangeError, Interruption
from edgedet.stream.worker import StopSignal
from tests.stream.fakes import FakeClock


class _Stop(StopSignal):
    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self._fake = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._fake.advance(timeout or 0.0)
        return self.is_set()


def test_a_pause_lasts_as_long_as_it_should() -> None:
    clock = FakeClock()

    Interruption(_Stop(clock), lambda: "", clock).pause(7.2)

    assert clock.now_s == pytest.approx(107.2)


def test_another_wish_ends_it_within_half_a_second_and_for_good() -> None:
    clock = FakeClock()
    reasons = iter(["", "", "", "somebody wants another"])
    going = Interruption(_Stop(clock), lambda: next(reasons), clock)

    with pytest.raises(InterruptedChangeError, match="somebody wants another") as caught:
        going.pause(60.0)

    assert clock.now_s <= 101.5
    assert not caught.value.is_stop
    with pytest.raises(InterruptedChangeError):
        going.check()


def test_a_stop_is_told_apart() -> None:
    clock = FakeClock()
    stop = _Stop(clock)
    going = Interruption(stop, lambda: "never asked", clock)
    stop.set()

    with pytest.raises(InterruptedChangeError) as caught:
        going.check()

    assert caught.value.is_stop
