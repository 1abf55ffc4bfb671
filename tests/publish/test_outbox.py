"""The queue between the pipeline and the broker."""

import threading
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from edgedet.publish.kind import Kind
from edgedet.publish.outbox import Entry, Outbox
from tests.publish.conftest import CLOCK, NOON, make_event, make_result


class HandClock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def utc_now(self) -> datetime:
        return NOON

    def wait(self, seconds: float) -> None:
        self.now_s += seconds


def _take_all(outbox: Outbox) -> list[Entry]:
    entries = []
    while (entry := outbox.take()) is not None:
        entries.append(entry)
    return entries


def test_gives_back_in_front_and_in_order() -> None:
    outbox = Outbox(10, 10.0, CLOCK)
    for seq in range(6):
        outbox.put(make_result(seq), skipped=0, is_lossless=seq % 2 == 0)
    taken = [entry for _ in range(4) if (entry := outbox.take())]
    outbox.done(taken.pop(0))

    outbox.give_back(taken)

    assert [entry.seq for entry in _take_all(outbox)] == [1, 2, 3, 4, 5]


def test_old_live_results_expire_and_lossless_ones_do_not() -> None:
    clock = HandClock()
    outbox = Outbox(10, 10.0, clock)
    outbox.put(make_result(0), skipped=0, is_lossless=False)
    outbox.put(make_result(0, source_id="dock"), skipped=0, is_lossless=True)
    clock.now_s = 11.0
    outbox.put(make_result(1), skipped=0, is_lossless=False)

    entries = _take_all(outbox)

    assert [(e.source_id, e.seq, e.lost_before) for e in entries] == [
        ("dock", 0, 0),
        ("gate", 1, 1),
    ]
    assert outbox.figures()["gate"].dropped == 1


def test_loss_of_a_message_that_told_of_losses_is_told_in_full() -> None:
    outbox = Outbox(1, 10.0, CLOCK)
    for seq in range(3):
        outbox.put(make_result(seq), skipped=0, is_lossless=False)
    entry = outbox.take()
    assert entry is not None
    assert entry.lost_before == 2

    outbox.discard(entry)
    outbox.put(make_result(3), skipped=0, is_lossless=False)

    assert [e.lost_before for e in _take_all(outbox)] == [3]


def test_a_flood_of_results_costs_no_event() -> None:
    outbox = Outbox(2, 10.0, CLOCK)
    outbox.put(make_event())
    for seq in range(9):
        outbox.put(make_result(seq), skipped=0, is_lossless=False)
    outbox.put(make_event())

    entries = _take_all(outbox)

    assert [(e.topic[0], e.seq) for e in entries] == [
        (Kind.EVENTS, 0),
        (Kind.DETECTIONS, 7),
        (Kind.DETECTIONS, 8),
        (Kind.EVENTS, 1),
    ]
    assert [e.lost_before for e in entries] == [0, 7, 0, 0]


def test_events_expire_late_and_are_counted_apart() -> None:
    clock = HandClock()
    outbox = Outbox(10, 10.0, clock, 3600.0)
    outbox.put(make_event())
    clock.now_s = 3599.0
    outbox.drop_expired()
    assert outbox.pending == 1

    clock.now_s = 3601.0
    outbox.drop_expired()

    assert outbox.pending == 0
    assert outbox.figures(Kind.EVENTS)["gate"].dropped == 1
    assert outbox.figures(Kind.DETECTIONS) == {}


def test_what_may_have_arrived_is_not_told_as_lost() -> None:
    clock = HandClock()
    outbox = Outbox(2, 10.0, clock)
    for seq in range(2):
        outbox.put(make_result(seq))
    taken = [entry for _ in range(2) if (entry := outbox.take())]
    outbox.done(taken.pop(0))
    outbox.give_back(taken, results_are_unsure=True)
    for seq in range(2, 5):
        outbox.put(make_result(seq))
    clock.now_s = 11.0
    outbox.put(make_result(5))

    entries = _take_all(outbox)

    assert [(e.seq, e.is_late(clock.now_s)) for e in entries] == [(1, True), (5, False)]
    assert [e.lost_before for e in entries] == [0, 3]
    assert outbox.figures()["gate"].dropped == 3


def test_room_is_waited_for() -> None:
    outbox = Outbox(1, 10.0, CLOCK)
    outbox.put(make_result(0), skipped=0, is_lossless=True)
    assert not outbox.wait_for_room(0)

    timer = threading.Timer(0.02, outbox.take)
    timer.start()

    assert outbox.wait_for_room(10.0)
    timer.join()


@given(
    st.lists(st.sampled_from(["put", "lossless", "take", "done", "back", "discard"]), max_size=60)
)
def test_every_result_is_counted_once(steps: list[str]) -> None:
    outbox = Outbox(3, 10.0, CLOCK)
    taken: list[Entry] = []
    accepted = 0
    for step in steps:
        if step in ("put", "lossless"):
            source_id = "dock" if step == "lossless" else "gate"
            outbox.put(make_result(0, 0, source_id), skipped=0, is_lossless=step == "lossless")
            accepted += 1
        elif step == "take":
            entry = outbox.take()
            taken += [entry] if entry else []
        elif taken and step == "done":
            outbox.done(taken.pop(0))
        elif taken and step == "discard":
            outbox.discard(taken.pop(0))
        elif step == "back":
            outbox.give_back(taken)
            taken = []

    figures = outbox.figures().values()
    settled = sum(f.published + f.dropped for f in figures)
    assert accepted == settled + outbox.pending
    assert outbox.pending == len(taken) + len(_take_all(outbox))
