"""Gains in points, and what may be chance."""

import pytest

from tests.train.refresh.made import comparison, line


def test_a_gain_is_told_in_points() -> None:
    assert line(old=0.4, new=0.45).gain_points == pytest.approx(5.0)
    assert line(old=None).gain_points is None


@pytest.mark.parametrize(
    ("interval", "expected"),
    [((0.01, 0.02), False), ((-0.02, -0.01), False), ((-0.01, 0.02), True), (None, True)],
)
def test_an_interval_around_nought_may_be_chance(
    interval: tuple[float, float] | None, expected: bool
) -> None:
    assert line(interval=interval).may_be_chance is expected


def test_plain_values_say_everything() -> None:
    found = comparison(classes=(line("car", None),), cameras=(line("gate"),)).to_json()

    assert found["classes"] == [
        {
            "name": "car",
            "pictures": 50,
            "objects": 100,
            "old": None,
            "new": 0.45,
            "gain_points": None,
            "interval_points": [2.0, 8.0],
        }
    ]
    assert found["precision"] == {"old": 0.9, "new": 0.9}
    assert found["score_threshold"] == 0.25
