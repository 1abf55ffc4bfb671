"""A pace keeps its rate over jitter, and makes up for no pause."""

import pytest

from edgedet.stream.pace import Pace


def _passed(pace: Pace, times_s: list[float]) -> int:
    count = 0
    for time_s in times_s:
        if pace.accepts(time_s):
            pace.passed(time_s)
            count += 1
    return count


@pytest.mark.parametrize("jitter_s", [0.0, 0.012])
def test_keeps_its_rate_over_jitter(jitter_s: float) -> None:
    times_s = [number / 25 + (jitter_s if number % 2 else 0.0) for number in range(250)]
    assert _passed(Pace(15), times_s) == pytest.approx(150, abs=2)


def test_makes_up_for_no_pause() -> None:
    pace = Pace(10)
    pace.passed(0.0)
    assert _passed(pace, [60.0 + number / 100 for number in range(20)]) <= 3


def test_without_a_rate_everything_passes() -> None:
    assert _passed(Pace(None), [number / 1000 for number in range(100)]) == 100


def test_a_new_rate_holds_at_once() -> None:
    pace = Pace(None)
    assert _passed(pace, [number / 25 for number in range(25)]) == 25
    pace.set_fps(5)
    assert _passed(pace, [1 + number / 25 for number in range(50)]) == pytest.approx(10, abs=1)
    pace.set_fps(None)
    assert _passed(pace, [3 + number / 25 for number in range(25)]) == 25
