"""The file that says how far a change has got."""

from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.rollout.record import Baseline, Handled, Record, RecordFile, SourceRate, State, closed
from edgedet.rollout.wish import Asker, Wish
from tests.odd_files import ODD, put_odd
from tests.stream.fakes import START_UTC


def test_nothing_was_ever_changed(tmp_path: Path) -> None:
    assert RecordFile(tmp_path / "models").read() == Record()
    assert not (tmp_path / "models").exists()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "models")
    record = Record(
        state=State.WATCHING,
        since=START_UTC,
        wish=Wish(asker=Asker.DESIRED, model="person-8", key="k"),
        figures={"agreement": 0.75},
        baseline=Baseline(picture_ms=9.5, sources={"gate": SourceRate(frames=3, objects=1)}),
        desired=Handled(key="k", id="wave-8", seen=START_UTC, outcome="begun"),
    )

    file.write(record)

    assert file.read() == record


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"state": "asleep"}', b"\xff" * 10])
def test_what_cannot_be_read_is_told_and_forgotten(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file = RecordFile(tmp_path)
    file.path.write_bytes(content)

    assert file.read() == Record()
    assert "what was under way is forgotten" in caplog.text
    assert "1 validation error" not in caplog.text
    file.write(Record(state=State.REFUSED))
    assert (tmp_path / "rollout.json.damaged").read_bytes() == content
    assert file.read().state is State.REFUSED


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")

    with pytest.raises(ModelError, match=r"cannot write .*rollout\.json"):
        RecordFile(tmp_path / "models").write(Record())


@pytest.mark.parametrize(
    ("state", "key", "outcome"),
    [
        (State.SETTLED, "k", "done"),
        (State.REFUSED, "k", "failed"),
        (State.ROLLED_BACK, "k", "failed"),
        (State.SETTLED, "", "begun"),  # what was done was not what is desired
    ],
)
def test_the_end_of_a_change_is_that_of_the_desired_state(
    state: State, key: str, outcome: str
) -> None:
    record = Record(
        state=state,
        wish=Wish(asker=Asker.DESIRED, model="person-8", key=key),
        reason="as it is",
        deaths=1,
        desired=Handled(key="k", id="wave-8", seen=START_UTC, outcome="begun"),
    )

    ended = closed(record)

    assert ended.deaths == 0
    assert ended.desired is not None
    assert ended.desired.outcome == outcome
    assert State.RETURNING.is_over is False


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_told_and_holds_nobody_up(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = RecordFile(tmp_path)
    put_odd(file.path, kind)

    assert file.read() == Record()
    assert "what was under way is forgotten" in caplog.text
