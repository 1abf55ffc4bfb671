"""Where each kept message stands, against a model of the whole."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from edgedet.publish.spool.durable import Stored
from edgedet.publish.spool.lanes import SpoolLanes
from tests.publish.spool.spools import make_stored
from tests.publish.test_outbox import HandClock


class Model:
    """A store in a list, and the lanes in front of it."""

    def __init__(self, capacity: int = 4) -> None:
        self.clock = HandClock()
        self.lanes = SpoolLanes(capacity, 10.0, self.clock, ready_size=2)
        self.rows: dict[int, Stored] = {}
        self.taken: list[Stored] = []
        self.delivered: list[int] = []
        self.last_id = 0

    def add(self) -> None:
        self.last_id += 1
        row = make_stored(self.last_id)
        row.queued_s = self.clock.now_s
        self.rows[row.id] = row
        self.lanes.stored([row])

    def fetch(self) -> None:
        if self.lanes.wants_fetch:
            after, limit, epoch = self.lanes.begin_fetch()
            found = sorted(row_id for row_id in self.rows if row_id > after)[:limit]
            self.lanes.fetched([make_stored(row_id) for row_id in found], limit, epoch)

    def take(self) -> Stored | None:
        self.fetch()
        row = self.lanes.take_live() or self.lanes.take_late()
        if row is not None:
            assert row.id in self.rows, "what is not kept any more was sent"
            assert row.id not in {other.id for other in self.taken}, "sent twice at a time"
            self.taken.append(row)
        return row

    def answer(self, *, is_accepted: bool) -> None:
        if not self.taken:
            return
        row = self.taken.pop(0)
        if is_accepted:
            self.lanes.done(row)
            self.delivered.append(row.id)
        else:
            self.lanes.refused(row)

    def remove(self) -> None:
        acked = self.lanes.acked
        for row_id in acked:
            self.rows.pop(row_id, None)
        self.lanes.removed(acked)

    def do(self, step: str) -> None:
        steps: dict[str, Callable[[], object]] = {
            "add": self.add,
            "fetch": self.fetch,
            "take": self.take,
            "done": lambda: self.answer(is_accepted=True),
            "refuse": lambda: self.answer(is_accepted=False),
            "remove": self.remove,
            "off": self.offline,
            "on": self.lanes.went_online,
            "wait": lambda: self.clock.wait(6.0),
        }
        steps[step]()

    def offline(self) -> None:
        self.lanes.went_offline()
        self.taken.clear()


STEPS = ("add", "add", "fetch", "take", "take", "done", "refuse", "remove", "off", "on", "wait")


@settings(max_examples=300)
@given(st.lists(st.sampled_from(STEPS), max_size=120))
def test_everything_is_delivered_in_the_end_and_nothing_twice_at_a_time(steps: list[str]) -> None:
    model = Model()
    for step in steps:
        model.do(step)

    model.offline()
    model.lanes.went_online()
    for _ in range(model.last_id):
        model.remove()
        model.fetch()
        while model.take():
            model.answer(is_accepted=True)
    model.remove()
    assert set(model.delivered) == set(range(1, model.last_id + 1))
    assert model.rows == {}


def test_late_messages_come_oldest_first_and_say_so() -> None:
    model = Model()
    model.lanes.went_offline()
    for _ in range(3):
        model.add()
    model.lanes.went_online()
    model.add()
    model.fetch()

    taken = [model.take() for _ in range(4)]

    assert [(row.id, row.is_replayed) for row in taken if row] == [
        (4, False),
        (1, True),
        (2, True),
        (3, True),
    ]


def test_before_the_first_attempt_has_failed_there_is_no_outage() -> None:
    model = Model()
    model.add()
    model.lanes.went_online()

    row = model.take()

    assert row is not None
    assert not row.is_replayed


def test_what_waits_too_long_or_has_no_room_is_late() -> None:
    model = Model(capacity=2)
    model.lanes.went_online()
    model.add()
    model.clock.now_s = 20.0
    for _ in range(3):
        model.add()
    assert model.lanes.live_count == 2
    model.fetch()

    taken = [model.take() for _ in range(4)]

    assert [(row.id, row.is_replayed) for row in taken if row] == [
        (3, False),
        (4, False),
        (1, True),
        (2, True),
    ]


def test_what_may_have_arrived_is_spared() -> None:
    model = Model()
    model.lanes.went_online()
    model.add()
    model.take()
    model.lanes.went_offline()
    model.add()

    assert model.lanes.spared == {1}

    model.lanes.surrender()
    assert model.lanes.live_count == 0


def test_what_the_last_process_may_have_sent_is_spared_until_it_is_acknowledged() -> None:
    model = Model()
    model.add()
    model.lanes.spare([1])
    model.lanes.went_offline()
    assert model.lanes.spared == {1}

    model.lanes.went_online()
    model.fetch()
    model.take()
    model.answer(is_accepted=True)
    model.remove()

    assert model.lanes.spared == set()
