"""What the page says of a line; the whole page is looked at where it is made."""

import pytest

from tests.train.refresh.made import line
from train.refresh.page import gain_text, interval_text


@pytest.mark.parametrize(
    ("old", "new", "told"), [(0.4, 0.45, "+5.0"), (0.4, 0.38, "-2.0"), (None, 0.4, "new")]
)
def test_a_gain_has_its_sign(old: float | None, new: float, told: str) -> None:
    assert gain_text(line(old=old, new=new)) == told


def test_an_interval_is_in_points() -> None:
    assert interval_text(line(interval=(-0.012, 0.098))) == "-1.2 to +9.8"
    assert interval_text(line(interval=None)) == "-"
