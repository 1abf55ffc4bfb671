"""Whatever lies under the name of a state file, reading it ends, and says why it is of no use."""

import errno
import json
import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from edgedet.state_files import StateFileError, put_aside, read_state, take_up_state
from tests.odd_files import ODD, put_odd


class _Body(BaseModel):
    number: int


def test_what_is_there_is_read_through_a_link_too(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"number": 3}')
    (tmp_path / "b.json").symlink_to("a.json")

    assert read_state(tmp_path / "b.json", _Body.model_validate_json) == _Body(number=3)


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_state(tmp_path / "a.json", json.loads) is None
    assert read_state(tmp_path / "nowhere" / "a.json", json.loads) is None


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_plain_file_is_told(tmp_path: Path, kind: str) -> None:
    path = put_odd(tmp_path / "a.json", kind)

    with pytest.raises(StateFileError, match=r"a\.json' cannot be used \(") as caught:
        read_state(path, json.loads)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"{", "it is no JSON"),
        (b"\xff\x00", "it is no JSON"),
        (b'{"number": "x"}', "number: Input should be a valid integer"),
        (b'{"number": 3}' + b" " * 90, "more than 100 bytes"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "a.json").write_bytes(content)

    with pytest.raises(StateFileError, match=reason) as caught:
        read_state(tmp_path / "a.json", _Body.model_validate_json, max_bytes=100)

    assert "\n" not in str(caught.value)


def test_brackets_without_end_make_no_sense(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"[" * 100_000)

    with pytest.raises(StateFileError, match="cannot be used"):
        read_state(tmp_path / "a.json", json.loads)


def test_what_is_damaged_is_put_aside_in_place_of_an_earlier_one(tmp_path: Path) -> None:
    path, aside = tmp_path / "a.json", tmp_path / "a.json.damaged"
    for content in (b"{", b"}"):
        path.write_bytes(content)
        with pytest.raises(StateFileError, match=r"no JSON\): moved to '.*a\.json\.damaged'"):
            take_up_state(path, json.loads)
        assert aside.read_bytes() == content
        assert take_up_state(path, json.loads) is None
    path.write_bytes(b"3")
    assert take_up_state(path, json.loads) == 3
    assert aside.read_bytes() == b"}"


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_plain_file_is_put_aside_as_it_is(tmp_path: Path, kind: str) -> None:
    facts = put_odd(tmp_path / "a.json", kind).lstat()

    with pytest.raises(StateFileError, match="moved to"):
        take_up_state(tmp_path / "a.json", json.loads)

    assert (tmp_path / "a.json.damaged").lstat().st_ino == facts.st_ino
    assert not os.path.lexists(tmp_path / "a.json")


def test_what_cannot_be_moved_stays_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"{")
    (tmp_path / "a.json.damaged").mkdir()

    with pytest.raises(StateFileError, match=r"it cannot be moved away \(Is a directory\)"):
        take_up_state(tmp_path / "a.json", json.loads)

    assert (tmp_path / "a.json").read_bytes() == b"{"


def test_a_file_that_cannot_be_opened_for_want_of_handles_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    (tmp_path / "a.json").write_bytes(b"3")
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", fail)
        with pytest.raises(StateFileError, match=r"Too many open files\)$"):
            take_up_state(tmp_path / "a.json", json.loads)
    assert take_up_state(tmp_path / "a.json", json.loads) == 3


def test_what_belongs_to_a_file_goes_along(tmp_path: Path) -> None:
    for name in ("a.db", "a.db-wal", "a.db.damaged-shm"):
        (tmp_path / name).write_text(name)

    assert put_aside(tmp_path / "a.db", ("", "-wal", "-shm")) == tmp_path / "a.db.damaged"
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "a.db.damaged": "a.db",
        "a.db.damaged-wal": "a.db-wal",
    }
