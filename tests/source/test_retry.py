"""Pauses between attempts."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.source.retry import Backoff


@given(seed=st.integers(), attempts=st.integers(1, 200))
def test_pauses_stay_between_half_the_first_and_the_cap(seed: int, attempts: int) -> None:
    backoff = Backoff(1.0, 30.0, Random(seed))  # noqa: S311 - no secret
    pauses = [backoff.next_s() for _ in range(attempts)]
    assert all(0.5 <= pause <= min(30.0, 2.0**index) for index, pause in enumerate(pauses))


def test_pauses_grow_to_the_cap_and_differ() -> None:
    backoff = Backoff(1.0, 30.0, Random(1))  # noqa: S311 - no secret
    pauses = [backoff.next_s() for _ in range(500)]
    assert 13 < sum(pauses[10:]) / len(pauses[10:]) < 17  # uniform in [0, 30]
    assert len(set(pauses)) > 400


def test_reset_starts_small_again() -> None:
    backoff = Backoff(1.0, 30.0, Random(1))  # noqa: S311 - no secret
    for _ in range(10):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() <= 1.0


@pytest.mark.parametrize(("first_s", "cap_s"), [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0)])
def test_senseless_limits_are_refused(first_s: float, cap_s: float) -> None:
    with pytest.raises(ValueError, match="back-off"):
        Backoff(first_s, cap_s)
