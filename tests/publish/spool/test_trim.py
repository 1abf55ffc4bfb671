"""What a full spool gives up, and who tells of it."""

from datetime import datetime, timezone

import pytest

from edgedet.publish.kind import Kind
from edgedet.publish.spool.file import SpoolFile
from edgedet.publish.spool.trim import Limits, trim
from tests.publish.conftest import CLOCK
from tests.publish.spool.spools import BOOT, make_stored

ROOMY = 10_000_000


@pytest.fixture
def file() -> SpoolFile:
    return SpoolFile(None)


class UnsetClock:
    """As on a board without a battery, before the time server has answered."""

    def monotonic(self) -> float:
        return CLOCK.monotonic()

    def utc_now(self) -> datetime:
        return datetime(1970, 1, 1, 0, 5, tzinfo=timezone.utc)


def test_the_oldest_go_and_the_next_of_their_topic_tells(file: SpoolFile) -> None:
    rows = [make_stored(n, source_id="gate" if n % 2 else "dock") for n in range(1, 101)]
    rows[1].lost_before = 3
    file.apply(add=rows)

    dropped = trim(file, Limits(40_000, None), BOOT, (), CLOCK)

    count = len(dropped)
    assert [row.id for row in dropped] == list(range(1, count + 1))
    assert file.used_bytes <= 40_000
    left = file.after(0, 100)
    assert [row.lost_before for row in left[:3]] == [count // 2, count // 2 + 3, 0]


def test_kinds_go_in_their_order(file: SpoolFile) -> None:
    kinds = [Kind.EVENTS, Kind.DETECTIONS, Kind.METRICS]
    file.apply(add=[make_stored(n, kind=kinds[n % 3]) for n in range(150)])

    trim(file, Limits(20_000, None), BOOT, (), CLOCK)

    assert file.counts[Kind.DETECTIONS] == file.counts[Kind.METRICS] == 0
    assert 0 < file.counts[Kind.EVENTS] < 50


def test_spared_ones_stay_and_tell_of_nothing(file: SpoolFile) -> None:
    file.apply(add=[make_stored(n, age_s=100 if n < 5 else 0) for n in range(1, 8)])

    dropped = trim(file, Limits(ROOMY, 60.0), BOOT, {2, 5}, CLOCK)

    assert [row.id for row in dropped] == [1, 3, 4]
    assert [(row.id, row.lost_before) for row in file.after(0, 10)] == [
        (2, 0),
        (5, 0),
        (6, 3),
        (7, 0),
    ]


def test_without_an_heir_the_next_that_comes_tells(file: SpoolFile) -> None:
    file.apply(add=[make_stored(n, age_s=100) for n in range(1, 4)])

    trim(file, Limits(ROOMY, 60.0), BOOT, (), CLOCK)

    assert file.after(0, 10) == []
    assert file.losses == {(Kind.EVENTS, "gate"): 3}


def test_an_earlier_boot_does_not_tell_for_this_one(file: SpoolFile) -> None:
    old = make_stored(1, boot="0" * 8, age_s=100)
    file.apply(add=[old, make_stored(2)])

    trim(file, Limits(ROOMY, 60.0), BOOT, (), CLOCK)

    assert [row.lost_before for row in file.after(0, 10)] == [0]
    assert file.losses == {(Kind.EVENTS, "gate"): 1}


def test_age_is_not_looked_at_unless_asked(file: SpoolFile) -> None:
    file.apply(add=[make_stored(1, age_s=1e6)])

    assert trim(file, Limits(ROOMY, None), BOOT, (), CLOCK) == []


def test_a_clock_that_was_never_set_makes_nothing_old(file: SpoolFile) -> None:
    early = make_stored(1, boot="0" * 8)
    early.utc_ms = 300_000
    file.apply(add=[early, make_stored(2, boot="0" * 8, age_s=1e6)])

    assert trim(file, Limits(ROOMY, 60.0), BOOT, (), UnsetClock()) == []
    assert [row.id for row in trim(file, Limits(ROOMY, 60.0), BOOT, (), CLOCK)] == [2]


def test_a_clock_that_steps_does_not_age_messages_of_this_boot(file: SpoolFile) -> None:
    row = make_stored(1)
    row.utc_ms -= 10**9
    file.apply(add=[row])

    assert trim(file, Limits(ROOMY, 60.0), BOOT, (), CLOCK) == []


def test_stops_where_only_spared_ones_are_left(file: SpoolFile) -> None:
    file.apply(add=[make_stored(n, size=5000) for n in range(1, 40)])

    dropped = trim(file, Limits(10_000, None), BOOT, set(range(30, 40)), CLOCK)

    assert len(dropped) == 29
