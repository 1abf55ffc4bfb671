"""What was given before is known again, also after a restart, and up to a limit."""

import json
from pathlib import Path

import pytest

from edgedet.publish.commands.memory import CAPACITY, CommandMemory
from tests.odd_files import ODD, put_odd


def test_outcome_is_known_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "commands.json"
    memory = CommandMemory(path)
    assert memory.recall("a") is None
    memory.note("a", "pause", "begun")
    memory.note("b", "snapshot", "begun")
    memory.note("b", "snapshot", "error")

    again = CommandMemory(path)

    assert "was begun with this id before a restart" in str(again.recall("a"))
    assert "answered with error" in str(again.recall("b"))


def test_oldest_is_forgotten(tmp_path: Path) -> None:
    memory = CommandMemory(tmp_path / "commands.json")
    commands = [{"id": str(n), "name": "pause", "outcome": "ok"} for n in range(CAPACITY)]
    (tmp_path / "commands.json").write_text(json.dumps({"commands": commands}), encoding="utf-8")
    memory = CommandMemory(tmp_path / "commands.json")

    memory.note("new", "pause", "ok")

    assert memory.recall("0") is None
    assert memory.recall("1") is not None
    assert memory.recall("new") is not None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"commands": [{"id": 1}]}', b"\xff"])
def test_spoilt_file_is_told_and_begun_anew(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "commands.json"
    path.write_bytes(content)

    memory = CommandMemory(path)
    memory.note("a", "pause", "ok")

    assert "commands given before this start are not recognised" in caplog.text
    assert CommandMemory(path).recall("a") is not None
    assert (tmp_path / "commands.json.damaged").read_bytes() == content


def test_a_folder_that_cannot_be_written_is_told_and_used_once_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("", encoding="utf-8")
    memory = CommandMemory(tmp_path / "state" / "commands.json")
    assert "commands over MQTT need it" in caplog.text

    with pytest.raises(OSError, match="File exists"):
        memory.note("a", "pause", "begun")
    assert memory.recall("a") is None

    (tmp_path / "state").unlink()
    memory.note("a", "pause", "begun")
    assert CommandMemory(tmp_path / "state" / "commands.json").recall("a") is not None


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_told_and_holds_nobody_up(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    put_odd(tmp_path / "commands.json", kind)

    memory = CommandMemory(tmp_path / "commands.json")
    memory.note("a", "pause", "ok")

    assert "commands given before this start are not recognised" in caplog.text
    assert CommandMemory(tmp_path / "commands.json").recall("a") is not None
