"""The limit of messages a second."""

import pytest

from edgedet.publish.rate_limit import RateLimit


@pytest.mark.parametrize(("fps", "max_per_s"), [(15.0, 10.0), (30.0, 7.0), (25.0, 24.0)])
def test_keeps_the_average(fps: float, max_per_s: float) -> None:
    limit = RateLimit(max_per_s)

    admitted = sum(limit.admit("gate", n / fps, 0) is not None for n in range(int(fps * 60)))

    assert admitted == pytest.approx(max_per_s * 60, rel=0.02)


def test_next_result_tells_of_all_that_was_left_out() -> None:
    limit = RateLimit(1.0)
    assert limit.admit("gate", 0.0, 0) == 0
    assert limit.admit("gate", 0.1, 2) is None
    assert limit.admit("gate", 0.2, 0) is None
    assert limit.admit("dock", 0.2, 0) == 0

    assert limit.admit("gate", 2.0, 0) == 4


def test_without_a_limit_all_are_admitted() -> None:
    limit = RateLimit(None)

    assert [limit.admit("gate", 0.0, 0) for _ in range(5)] == [0] * 5
