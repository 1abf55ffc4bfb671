"""Tables of what was read before: never stale, never damaged, never in each other's way."""

import logging
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from train.data.cache import FOLDER, FileTable, cache_folder, stamp_of


def written(path: Path, text: str) -> tuple[str, tuple[int, int, int]]:
    """A file that is a minute old, and its stamp."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(0, path.stat().st_mtime_ns - 60_000_000_000))
    stamp = stamp_of(path)
    assert stamp is not None
    return str(path), stamp


def table(folder: Path | None, name: str = "t") -> FileTable:
    return FileTable(folder, name, (2,), np.float32)


@pytest.fixture
def rows() -> np.ndarray:
    return np.arange(6, dtype=np.float32).reshape(3, 2)


@pytest.fixture
def filled(tmp_path: Path, rows: np.ndarray) -> Path:
    """A folder with a table of three files: three rows, none, one."""
    first = table(tmp_path)
    for name, count in (("a b.txt", 3), ("ü.txt", 0), ("c.txt", 1)):
        path, stamp = written(tmp_path / name, name)
        assert first.get(path, stamp) is None
        first.put(path, stamp, rows[:count])
    first.save()
    return tmp_path


def get(folder: Path, name: str) -> np.ndarray | None:
    path = folder / name
    stamp = stamp_of(path)
    assert stamp is not None
    return table(folder).get(str(path), stamp)


def test_gives_back_what_was_put(filled: Path, rows: np.ndarray) -> None:
    for name, count in (("a b.txt", 3), ("ü.txt", 0), ("c.txt", 1)):
        found = get(filled, name)
        assert found is not None
        assert np.array_equal(found, rows[:count])


def test_forgets_a_file_that_changed(filled: Path) -> None:
    written(filled / "c.txt", "other words")

    assert get(filled, "c.txt") is None
    assert get(filled, "a b.txt") is not None


def test_notices_a_change_behind_an_old_time_stamp(filled: Path) -> None:
    path = filled / "c.txt"
    before = path.stat()
    path.write_text("C.TXT", encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert path.stat().st_size == before.st_size
    assert get(filled, "c.txt") is None


def test_does_not_keep_a_file_that_may_still_be_written(tmp_path: Path, rows: np.ndarray) -> None:
    path = tmp_path / "now.txt"
    path.write_text("now", encoding="utf-8")
    stamp = stamp_of(path)
    assert stamp is not None
    first = table(tmp_path)
    first.put(str(path), stamp, rows)
    first.save()

    assert get(tmp_path, "now.txt") is None


def test_a_damaged_byte_anywhere_gives_no_wrong_rows(filled: Path) -> None:
    file = filled / "t.npz"
    sound = file.read_bytes()
    found = []
    for place in range(0, len(sound), 5):
        content = bytearray(sound)
        content[place] ^= 0xFF
        file.write_bytes(content)
        rows = get(filled, "a b.txt")
        found.append(None if rows is None else rows.tolist())

    assert {str(rows) for rows in found} <= {"None", str([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])}
    assert found.count(None) > len(found) / 4


def test_drops_a_file_cut_short_and_says_so(filled: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = filled / "t.npz"
    file.write_bytes(file.read_bytes()[:-30])

    with caplog.at_level(logging.WARNING):
        assert get(filled, "a b.txt") is None
    assert "is damaged and made anew" in caplog.text


def test_never_reads_a_pickle(tmp_path: Path) -> None:
    trap = np.array([{"object": 1}], dtype=object)
    np.savez(tmp_path / "t.npz", meta=trap, paths=trap, stamps=trap, ends=trap, data=trap)

    assert table(tmp_path).get("x", (1, 1, 1)) is None


def test_a_table_of_another_form_is_not_used(filled: Path) -> None:
    path = filled / "c.txt"
    stamp = stamp_of(path)
    assert stamp is not None

    assert FileTable(filled, "t", (3,), np.float32).get(str(path), stamp) is None
    assert FileTable(filled, "t", (2,), np.uint8).get(str(path), stamp) is None


def test_writers_at_the_same_time_leave_a_whole_file(tmp_path: Path, rows: np.ndarray) -> None:
    files = [written(tmp_path / f"{number}.txt", "x" * number) for number in range(200)]

    def write() -> None:
        mine = table(tmp_path)
        for path, stamp in files:
            mine.get(path, stamp)
            mine.put(path, stamp, rows)
        mine.save()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert all(get(tmp_path, f"{number}.txt") is not None for number in range(200))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".new")] == []


def test_a_full_disk_is_told_and_stops_nothing(
    tmp_path: Path, rows: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    path, stamp = written(tmp_path / "a.txt", "a")
    mine = table(tmp_path / "gone")
    mine.get(path, stamp)
    mine.put(path, stamp, rows)
    mine.save()

    assert "is not written" in caplog.text


def test_the_folder_lies_beside_the_description_or_with_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "set" / "data.yaml"
    data.parent.mkdir()
    assert cache_folder(data) == data.parent / FOLDER
    assert (data.parent / FOLDER / ".gitignore").read_text(encoding="utf-8") == "*\n"

    blocked = tmp_path / "other" / "data.yaml"
    blocked.parent.mkdir()
    (blocked.parent / FOLDER).touch()  # what a folder that may not be written looks like to root
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    found = cache_folder(blocked)
    assert found is not None
    assert found.parent == tmp_path / "home" / "edgedet"

    monkeypatch.setenv("XDG_CACHE_HOME", str(data.parent / FOLDER / ".gitignore"))
    assert cache_folder(blocked) is None
    assert "no cache for" in caplog.text
