"""A step counts once it is written down."""

from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.rollout.journal import Journal
from edgedet.rollout.record import Record, RecordFile, State
from tests.stream.fakes import FakeClock


def test_a_step_is_written_then_told(tmp_path: Path) -> None:
    file = RecordFile(tmp_path)
    told: list[Record] = []
    journal = Journal(file, Record(), FakeClock(), lambda _: told.append(file.read()))

    journal.note(State.FETCHING, to="person-8")
    journal.amend(figures={"agreement": 1.0})

    assert [(each.state, each.to) for each in told] == [(State.FETCHING, "person-8")]
    assert file.read() == journal.record
    assert journal.record.figures == {"agreement": 1.0}


def test_what_cannot_be_written_down_is_not_begun_but_can_be_ended(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    told: list[State] = []
    file = RecordFile(tmp_path / "models")
    journal = Journal(file, Record(), FakeClock(), lambda record: told.append(record.state))

    with pytest.raises(ModelError):
        journal.note(State.FETCHING)
    assert journal.record.state is State.IDLE
    journal.note_the_end(State.ROLLED_BACK, reason="no good")

    assert told == [State.ROLLED_BACK]
    assert journal.record.reason == "no good"
