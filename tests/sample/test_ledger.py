"""One row for each kept frame, and what becomes of it."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from edgedet.errors import SampleError
from edgedet.sample.base import State
from edgedet.sample.ledger import Ledger
from tests.sample.fakes import sample


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def test_a_row_comes_back_as_it_was_in_another_process_too(ledger: Ledger, tmp_path: Path) -> None:
    made = sample(1, place="frames/gate/x.jpg", disk_bytes=8192)
    ledger.add(made)

    other = Ledger(tmp_path, may_create=False)

    assert other.get(made.id) == made
    assert other.get("nobody") is None
    assert other.has_content(made.sha256)
    assert not other.has_content("0" * 64)
    assert other.counters() == {"kept": 1}
    assert other.stored_bytes() == 8192


def test_the_same_picture_has_one_row(ledger: Ledger) -> None:
    ledger.add(sample(1))
    with pytest.raises(SampleError):
        ledger.add(replace(sample(2), sha256=sample(1).sha256))

    assert [each.id for each in ledger.samples()] == [sample(1).id]
    assert ledger.counters() == {"kept": 1}


def test_rows_are_found_by_state_and_source_oldest_first(ledger: Ledger) -> None:
    for number in range(6):
        source = "gate" if number % 2 else "dock"
        state = State.DONE if number > 3 else State.APPROVED
        ledger.add(sample(number, source_id=source, state=state, kept="2026-05-04T00:00:00.000Z"))

    assert [s.seq for s in ledger.samples([State.APPROVED])] == [0, 1, 2, 3]
    assert [s.seq for s in ledger.samples([State.APPROVED, State.DONE], "dock")] == [0, 2, 4]
    assert [s.seq for s in ledger.samples(limit=2)] == [0, 1]
    assert [s.seq for s in ledger.latest(2, "gate")] == [5, 3]
    assert ledger.by_state()["done"] == 2


def test_the_newest_come_first_page_by_page(ledger: Ledger) -> None:
    for number in range(6):
        strategy = "unsure" if number < 3 else "a ' odd <name>"
        ledger.add(sample(number, strategy=strategy, state=State.KEPT))

    first = ledger.latest(2)
    assert [s.seq for s in first] == [5, 4]
    assert [s.seq for s in ledger.latest(9, before=first[-1].id)] == [3, 2, 1, 0]
    assert [s.seq for s in ledger.latest(9, strategy="a ' odd <name>")] == [5, 4, 3]
    assert ledger.latest(9, states=[State.DONE]) == []
    assert ledger.latest(9, "dock", "unsure", [State.KEPT]) == []
    plan = ledger.reading(
        "EXPLAIN QUERY PLAN SELECT * FROM sample"
        " WHERE state IN ('kept') ORDER BY rowid DESC LIMIT 9"
    )
    assert not any("TEMP B-TREE" in row["detail"] for row in plan), "thousands may wait"


def test_kinds_and_refusals_are_counted(ledger: Ledger) -> None:
    for number in range(5):
        state = State.REFUSED if number else State.KEPT
        ledger.add(sample(number, state=state, reason="" if number < 2 else "too dark"))

    assert ledger.kinds() == [
        (State.KEPT, "gate", "unsure", 1),
        (State.REFUSED, "gate", "unsure", 4),
    ]
    assert ledger.refusals(9) == [("too dark", 3), ("", 1)]
    assert ledger.refusals(1) == [("too dark", 3)]


def test_a_change_needs_the_state_that_it_began_from(ledger: Ledger) -> None:
    ledger.add(sample(1))
    name = sample(1).id

    assert ledger.change(name, (State.APPROVED,), state=State.UPLOADED, remote_id="r1")
    assert not ledger.change(name, (State.APPROVED,), state=State.UPLOADED, remote_id="r2")
    found = ledger.get(name)
    assert found is not None
    assert (found.state, found.remote_id) == (State.UPLOADED, "r1")


def test_an_end_is_an_end(ledger: Ledger) -> None:
    ledger.add(sample(1))
    ledger.add(sample(2, state=State.DONE))

    assert ledger.refuse(sample(1).id, "blurred")
    assert not ledger.refuse(sample(1).id, "again")
    assert not ledger.refuse(sample(2).id, "too late")
    found = ledger.get(sample(1).id)
    assert found is not None
    assert (found.state, found.reason) == (State.REFUSED, "blurred")
    assert ledger.counters() == {"kept": 2, "refused": 1}


def test_two_threads_write_side_by_side(ledger: Ledger) -> None:
    def count() -> None:
        for _ in range(50):
            ledger.count("seen")

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ledger.counters() == {"seen": 100}
    ledger.close()
    ledger.close()
    with pytest.raises(SampleError):
        ledger.samples()
