"""Which states the broker has been told."""

from edgedet.analytics import SourceCounts
from edgedet.event import SourceState, SourceStatus
from edgedet.publish.status_board import StatusBoard
from tests.publish.conftest import CLOCK, make_counts, make_status
from tests.stream.fakes import FakeClock


def test_newest_state_replaces_what_was_not_told() -> None:
    board = StatusBoard(CLOCK)
    stalled = make_status(SourceState.STALLED)
    board.put(make_status(SourceState.LIVE))
    board.put(stalled)

    assert board.take_untold() == [stalled]
    assert board.take_untold() == []


def test_counts_as_untold_until_the_broker_has_it() -> None:
    board = StatusBoard(CLOCK)
    board.put(make_status())
    [status] = board.take_untold()
    assert board.wait_until_told(0) == 1

    board.told(status)

    assert board.wait_until_told(0) == 0


def test_everything_is_told_again_after_a_loss() -> None:
    board = StatusBoard(CLOCK)
    for source_id in ("gate", "dock"):
        board.put(make_status(source_id=source_id))
    for status in board.take_untold():
        board.told(status)

    board.tell_all()

    assert {s.source_id for s in board.take_untold()} == {"gate", "dock"}


def test_what_was_told_long_ago_is_told_again() -> None:
    clock = FakeClock()
    board = StatusBoard(clock)
    board.put(make_status(source_id="gate"))
    board.take_untold()
    clock.advance(20.0)
    board.put(make_status(source_id="dock"))
    board.take_untold()
    clock.advance(10.0)

    board.tell_old(25.0)

    assert [s.source_id for s in board.take_untold()] == ["gate"]


def test_status_and_counts_of_a_source_do_not_replace_each_other() -> None:
    board = StatusBoard(CLOCK)
    board.put(make_status())
    board.put(make_counts(cars=1))
    board.put(make_counts(cars=2))

    status, counts = board.take_untold()
    board.told(status)

    assert isinstance(status, SourceStatus)
    assert isinstance(counts, SourceCounts)
    assert counts.classes[1] == 2
    assert board.wait_until_told(0) == 1


def test_nothing_is_heard_of_a_source_that_is_gone() -> None:
    board = StatusBoard(CLOCK)
    for source_id in ("gate", "dock"):
        board.put(make_status(source_id=source_id))
        board.put(make_counts(source_id=source_id))
    board.take_untold()
    board.keep(["gate"])
    board.put(make_status(source_id="dock"))
    board.tell_all()
    assert [state.source_id for state in board.take_untold()] == ["gate", "gate"]
    board.tell_old(-1.0)
    board.keep(["gate", "dock"])
    board.put(make_status(source_id="dock"))
    assert {state.source_id for state in board.take_untold()} == {"gate", "dock"}
