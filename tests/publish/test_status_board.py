"""Which states the broker has been told."""

from edgedet.event import SourceState
from edgedet.publish.status_board import StatusBoard
from tests.publish.conftest import CLOCK, make_status


def test_newest_state_replaces_what_was_not_told() -> None:
    board = StatusBoard(CLOCK)
    board.put(make_status(SourceState.LIVE))
    board.put(make_status(SourceState.STALLED))

    assert [s.state for s in board.take_untold()] == [SourceState.STALLED]
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
