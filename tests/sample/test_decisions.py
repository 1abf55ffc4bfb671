"""What people decide about samples: once, by whoever comes first, and for a minute not for ever."""

from pathlib import Path

import pytest

from edgedet.sample.base import Sample, State
from edgedet.sample.decisions import UNDO_S, Decisions, plain
from edgedet.sample.store import SampleStore
from tests.sample.fakes import SteppingClock, keep, store_in


class Bench:
    """A store with four samples that wait, and two who decide about it."""

    def __init__(self, folder: Path) -> None:
        self.clock = SteppingClock()
        self.store: SampleStore = store_in(folder)
        self.ids = [keep(self.store, number, state=State.KEPT).id for number in range(4)]
        self.here = Decisions(self.store, self.clock)
        self.there = Decisions(store_in(folder), self.clock)

    def get(self, number: int) -> Sample:
        found = self.store.ledger.get(self.ids[number])
        assert found is not None
        return found

    def is_on_disk(self, number: int) -> bool:
        return (self.store._folder / f"frames/gate/{self.ids[number]}.jpg").is_file()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def ids(samples: tuple[Sample, ...]) -> list[str]:
    return [each.id for each in samples]


def test_whoever_comes_second_is_told(bench: Bench) -> None:
    first = bench.here.approve(bench.ids[:2])
    second = bench.there.approve([*bench.ids[1:3], "nobody"])

    assert ids(first.done) == bench.ids[:2]
    assert {each.state for each in first.done} == {State.APPROVED}
    assert (ids(second.done), ids(second.late)) == ([bench.ids[2]], [bench.ids[1]])
    assert second.unknown == ("nobody",)
    assert bench.get(3).state is State.KEPT


def test_what_was_sent_cannot_be_rejected_or_taken_back(bench: Bench) -> None:
    for number, state in enumerate((State.UPLOADED, State.ANNOTATED, State.DONE)):
        bench.store.ledger.change(bench.ids[number], (State.KEPT,), state=state)

    assert bench.here.reject(bench.ids[:3], "no").done == ()
    assert bench.here.undo(bench.ids[:3]).done == ()
    assert bench.here.approve(bench.ids[:3]).done == ()


def test_a_rejection_can_be_taken_back_for_a_minute(bench: Bench) -> None:
    assert ids(bench.here.reject(bench.ids[:2], "too dark").done) == bench.ids[:2]
    bench.clock.advance(UNDO_S - 1)
    assert bench.here.sweep() == 0
    assert bench.is_on_disk(0)
    undone = bench.here.undo(bench.ids[:1])
    assert [(each.state, each.reason) for each in undone.done] == [(State.KEPT, "")]
    bench.clock.advance(2)

    assert bench.here.sweep() == 1
    assert bench.is_on_disk(0)
    assert not bench.is_on_disk(1)
    assert (bench.get(1).state, bench.get(1).reason) == (State.REFUSED, "too dark")
    assert ids(bench.here.undo(bench.ids[1:2]).late) == [bench.ids[1]]
    assert bench.store.ledger.counters()["refused"] == 1
    assert bench.store.reconcile().is_clean


def test_a_minute_begins_with_the_last_rejection(bench: Bench) -> None:
    bench.here.reject(bench.ids[:1], "")
    bench.clock.advance(UNDO_S - 1)
    bench.here.undo(bench.ids[:1])
    bench.here.reject(bench.ids[:1], "")
    bench.clock.advance(2)

    assert bench.here.sweep() == 0
    assert bench.here.sweep(everything=True) == 1
    assert not bench.is_on_disk(0)


def test_an_approval_is_taken_back_until_it_is_sent(bench: Bench) -> None:
    bench.here.approve(bench.ids[:1])

    assert ids(bench.there.undo(bench.ids[:1]).done) == bench.ids[:1]
    assert bench.get(0).state is State.KEPT


def test_after_a_kill_the_next_start_removes_what_was_rejected(bench: Bench) -> None:
    bench.here.reject(bench.ids[:1], "x")

    assert bench.store.reconcile().strays == 2  # picture and facts
    assert not bench.is_on_disk(0)
    assert bench.get(0).place is None
    assert bench.here.sweep(everything=True) == 0
    assert bench.store.reconcile().is_clean


def test_what_was_purged_meanwhile_is_left_alone(bench: Bench) -> None:
    (rejected,) = bench.here.reject(bench.ids[:1], "x").done
    bench.store.purge(rejected)

    assert bench.here.sweep(everything=True) == 0
    assert bench.here.undo(bench.ids[:1]).unknown == (bench.ids[0],)


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("  too\ndark ", "too dark"),
        ("\x1b[2Jgone\x07", "[2Jgone"),
        ("<b>&\u202e“ü”", "<b>&“ü”"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_reason_is_one_line_that_any_terminal_can_show(reason: str, kept: str) -> None:
    assert plain(reason) == kept
