"""How fast late messages leave."""

from edgedet.publish.pace import Pace
from tests.publish.test_outbox import HandClock


def _burst(pace: Pace) -> int:
    count = 0
    while pace.has_one():
        pace.spend()
        count += 1
    return count


def test_so_many_a_second_and_a_quarter_of_them_at_once() -> None:
    clock = HandClock()
    pace = Pace(100, clock)
    counts = []
    for _ in range(8):
        counts.append(_burst(pace))
        clock.now_s += 0.125

    assert counts == [25, 12, 13, 12, 13, 12, 13, 12]


def test_a_slow_pace_is_kept_too() -> None:
    clock = HandClock()
    pace = Pace(0.5, clock)
    assert _burst(pace) == 1
    clock.now_s = 1.9
    assert _burst(pace) == 0
    clock.now_s = 2.1
    assert _burst(pace) == 1


def test_a_long_rest_saves_up_nothing() -> None:
    clock = HandClock()
    pace = Pace(100, clock)
    clock.now_s = 1000.0
    assert _burst(pace) == 25
