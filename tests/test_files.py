"""A file is there as a whole, or as it was."""

import os
import stat
from pathlib import Path

import pytest

from edgedet.files import (
    MAX_SECRET_BYTES,
    read_plain,
    read_secret,
    sync,
    write_atomically,
    write_text_atomically,
    write_whole,
)
from tests.odd_files import ODD, put_odd


def test_a_secret_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"x" * MAX_SECRET_BYTES)

    assert read_secret(path) == b"x" * MAX_SECRET_BYTES


def test_a_secret_has_an_end() -> None:
    with pytest.raises(OSError, match="more than 65535 bytes"):
        read_secret(Path("/dev/zero"))


def test_replaces_a_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    write_whole(path, b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_put_there_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OSError, match=r"a\.json"):
        write_whole(tmp_path / "a.json", b"new")

    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("old", encoding="utf-8")

    def fail(new: Path) -> None:
        new.write_text("half", encoding="utf-8")
        raise OSError(28, "no space left on device")

    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, fail)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_writers_find_the_suffix_they_go_by_and_text_stays_as_it_is(tmp_path: Path) -> None:
    suffixes = []
    write_atomically(tmp_path / "a.npy", lambda new: suffixes.append(new.suffix))
    assert suffixes == [".npy"]
    write_text_atomically(tmp_path / "a.txt", "one\r\ntwo \udcff")
    assert (tmp_path / "a.txt").read_bytes() == b"one\r\ntwo \xff"


@pytest.mark.parametrize("name", ["a.bin", "."])
def test_a_file_or_the_names_of_a_folder_are_written_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "a.bin").write_bytes(b"1")
    written: list[tuple[int, int]] = []

    def note(handle: int) -> None:
        facts = os.fstat(handle)
        written.append((facts.st_dev, facts.st_ino))

    monkeypatch.setattr(os, "fsync", note)
    sync(tmp_path / name)
    facts = (tmp_path / name).stat()
    assert written == [(facts.st_dev, facts.st_ino)]


def test_a_plain_file_is_read_up_to_a_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")

    assert read_plain(tmp_path / "a") == read_plain(tmp_path / "a", 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_plain(tmp_path / "a", 4)


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_plain_file_is_never_waited_for(tmp_path: Path, kind: str) -> None:
    with pytest.raises(OSError, match=r"no plain file|more than|symbolic links"):
        read_plain(put_odd(tmp_path / "a", kind), 4096)


def test_what_was_a_plain_file_a_moment_ago_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "plain").touch()
    facts = (tmp_path / "plain").stat()
    monkeypatch.setattr(Path, "stat", lambda _: facts)

    with pytest.raises(OSError, match="no plain file"):
        read_plain(tmp_path / "pipe")
