"""Refusals are counted, and one that is long ago says nothing of now."""

from edgedet.publish.refusals import Refusals
from tests.stream.fakes import FakeClock


def test_a_refusal_counts_for_ever_and_is_recent_for_a_minute() -> None:
    clock = FakeClock()
    refusals = Refusals(clock)
    assert (refusals.count, refusals.is_recent) == (0, False)

    refusals.note()
    assert (refusals.count, refusals.is_recent) == (1, True)

    clock.now_s += 61.0
    assert (refusals.count, refusals.is_recent) == (1, False)
