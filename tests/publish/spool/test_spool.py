"""The spool without a broker: what it accepts while the disk hangs, and how it ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgedet.publish.identity import Origin
from edgedet.publish.kind import Kind
from edgedet.publish.spool.durable import DurableEncoder, Stored
from edgedet.publish.spool.lanes import SpoolLanes
from edgedet.publish.spool.spool import Spool
from edgedet.publish.spool.store import FILE_NAME, SpoolStore
from edgedet.publish.spool.trim import Limits
from edgedet.publish.spool.writer import SpoolWriter
from tests.brokers import wait_until
from tests.publish.conftest import CLOCK, make_event, make_result
from tests.publish.test_state_payloads import LIMITS

MakeSpool = Callable[..., Spool]


@pytest.fixture
def make_spool(tmp_path: Path, origin: Origin) -> Iterator[MakeSpool]:
    spools: list[Spool] = []

    def make(capacity: int = 4, fsync_s: float | None = 0.05) -> Spool:
        limits = Limits(1_000_000, 3600.0)
        store = SpoolStore(tmp_path / FILE_NAME, limits, CLOCK, syncs_commits=fsync_s == 0)
        lanes = SpoolLanes(capacity, 10.0, CLOCK)
        encoder = DurableEncoder(origin, LIMITS, CLOCK)
        spool = Spool(
            SpoolWriter(store, encoder, lanes, origin.boot, fsync_s, CLOCK),
            lanes,
            boot=origin.boot,
            capacity=capacity,
            max_bytes=limits.max_bytes,
            clock=CLOCK,
            ring=lambda: None,
        )
        spools.append(spool)
        return spool

    yield make
    for spool in spools:
        spool.close(5.0)


def _take(spool: Spool, count: int) -> list[Stored]:
    rows: list[Stored] = []

    def have_all() -> bool:
        row = spool.take_live() or spool.take_late()
        if row is not None:
            rows.append(row)
        return len(rows) == count

    assert wait_until(have_all, 5.0)
    return rows


def test_a_disk_that_hangs_costs_the_oldest_detections_first(make_spool: MakeSpool) -> None:
    spool = make_spool(capacity=4)
    spool.put(Kind.EVENTS, "gate", make_event())
    for seq in range(5):
        spool.put(Kind.DETECTIONS, "gate", make_result(seq), skipped=0)
    assert spool.wait_until_settled(0) == 6
    assert spool.figures().dropped == {(Kind.DETECTIONS, "gate"): 2}

    spool.start()
    rows = _take(spool, 4)

    assert [(row.kind, row.seq, row.lost_before) for row in rows] == [
        (Kind.EVENTS, 0, 0),
        (Kind.DETECTIONS, 2, 2),
        (Kind.DETECTIONS, 3, 0),
        (Kind.DETECTIONS, 4, 0),
    ]


def test_what_a_lossless_source_has_under_way_finds_room_at_the_cost_of_others(
    make_spool: MakeSpool,
) -> None:
    spool = make_spool(capacity=4)
    spool.put(Kind.EVENTS, "gate", make_event())
    for seq in range(6):
        spool.put(Kind.DETECTIONS, "file", make_result(seq), is_lossless=True)
    assert not spool.wait_for_room(0.0)
    assert spool.figures().dropped == {(Kind.EVENTS, "gate"): 1}

    spool.start()
    assert [row.seq for row in _take(spool, 4)] == [2, 3, 4, 5]  # those before are late


def test_has_room_until_as_many_wait_as_it_may_hold(make_spool: MakeSpool) -> None:
    spool = make_spool(capacity=2)
    assert spool.wait_for_room(0)
    for _ in range(2):
        spool.put(Kind.EVENTS, "gate", make_event())
    assert not spool.wait_for_room(0.01)

    spool.start()
    for row in _take(spool, 2):
        spool.done(row)

    assert spool.wait_for_room(5.0)
    assert spool.wait_until_settled(5.0) == 0


@pytest.mark.parametrize("fsync_s", [None, 0, 0.01])
def test_writes_down_the_last_before_it_ends(make_spool: MakeSpool, fsync_s: float | None) -> None:
    spool = make_spool(capacity=100, fsync_s=fsync_s)
    spool.start()
    for _ in range(50):
        spool.put(Kind.EVENTS, "gate", make_event())

    assert spool.close(5.0)
    assert spool.close(5.0)

    assert spool.figures().written == 50
    again = make_spool(capacity=100)
    again.start()
    assert wait_until(lambda: again.figures().kept.get(Kind.EVENTS) == 50)


def test_takes_until_the_first_outage_are_new(make_spool: MakeSpool) -> None:
    spool = make_spool(capacity=10)
    spool.start()
    spool.put(Kind.EVENTS, "gate", make_event())
    [first] = _take(spool, 1)
    assert not first.is_replayed
    assert wait_until(lambda: spool.is_quiet, 5.0)  # the writer puts it down a moment later

    spool.went_offline()
    spool.went_online()

    [again] = _take(spool, 1)
    assert (again.message_id, again.is_replayed) == (first.message_id, True)
    assert again.payload == first.payload
