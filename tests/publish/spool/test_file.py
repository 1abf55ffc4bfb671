"""The database of the spool."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.publish.kind import Kind
from edgedet.publish.spool.file import SpoolFile
from edgedet.publish.spool.schema import SpoolError
from tests.publish.spool.spools import make_stored


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SpoolFile]:
    file = SpoolFile(tmp_path / "spool.db")
    yield file
    file.close()


def test_gives_back_what_it_was_given_in_order(file: SpoolFile) -> None:
    rows = [make_stored(n, kind=Kind.DETECTIONS) for n in (3, 5, 9)]
    file.apply(add=rows)

    found = file.after(3, 10)

    assert [row.id for row in found] == [5, 9]
    assert (found[0].payload, found[0].message_id, found[0].topic) == (
        rows[1].payload,
        rows[1].message_id,
        (Kind.DETECTIONS, "gate"),
    )
    assert [row.id for row in file.after(0, 10, Kind.DETECTIONS)] == [3, 5, 9]
    assert file.last_id == 9


def test_removes_and_adds_in_one_step(file: SpoolFile) -> None:
    file.apply(add=[make_stored(1), make_stored(2)])

    file.apply(remove=[1, 77], add=[make_stored(3)])

    assert [row.id for row in file.after(0, 10)] == [2, 3]
    assert file.counts == {Kind.EVENTS: 2}


def test_a_step_that_fails_leaves_everything_as_it_was(file: SpoolFile) -> None:
    file.apply(add=[make_stored(1)])
    file.note_losses({(Kind.EVENTS, "gate"): 4})
    file._db.execute("PRAGMA max_page_count = 1")
    row = make_stored(2, size=100_000)

    with pytest.raises(SpoolError, match="full"):
        file.apply(remove=[1], add=[row])

    assert [row.id for row in file.after(0, 10)] == [1]
    assert file.losses == {(Kind.EVENTS, "gate"): 4}
    assert (row.lost_before, file.counts[Kind.EVENTS]) == (0, 1)


def test_the_next_message_of_a_topic_tells_of_its_losses_once(file: SpoolFile) -> None:
    file.note_losses({(Kind.EVENTS, "gate"): 4, (Kind.DETECTIONS, "gate"): 1})
    file.note_losses({(Kind.EVENTS, "gate"): 2})

    file.apply(add=[make_stored(1, source_id="dock"), make_stored(2), make_stored(3)])

    assert [row.lost_before for row in file.after(0, 10)] == [0, 6, 0]
    assert file.losses == {(Kind.DETECTIONS, "gate"): 1}


def test_is_there_again_when_opened_again(tmp_path: Path) -> None:
    for seq in range(3):
        file = SpoolFile(tmp_path / "spool.db", syncs_commits=seq == 1)
        file.apply(add=[make_stored(seq)])
        file.sync()
        file.close()
        file.close()

    file = SpoolFile(tmp_path / "spool.db")
    assert [row.id for row in file.after(-1, 10)] == [0, 1, 2]
    assert file.counts == {Kind.EVENTS: 3}
    file.close()


def test_room_that_was_freed_is_used_again(file: SpoolFile, tmp_path: Path) -> None:
    for turn in range(20):
        ids = range(1 + turn * 100, 101 + turn * 100)
        file.apply(add=[make_stored(row_id) for row_id in ids])
        file.apply(remove=ids)

    assert file.used_bytes < 60_000
    assert (tmp_path / "spool.db").stat().st_size < 200_000
