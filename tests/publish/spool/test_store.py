"""A store whose disk is full, read-only, damaged, or comes back."""

import logging
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edgedet.publish.kind import Kind
from edgedet.publish.spool.file import SpoolFile
from edgedet.publish.spool.store import FILE_NAME, SpoolStore
from edgedet.publish.spool.trim import Limits
from tests.odd_files import put_odd
from tests.publish.conftest import CLOCK
from tests.publish.spool.spools import BOOT, make_stored
from tests.publish.test_outbox import HandClock

LIMITS = Limits(1_000_000, 3600.0)

MakeStore = Callable[[Path], SpoolStore]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def make_store(clock: HandClock) -> Iterator[MakeStore]:
    stores: list[SpoolStore] = []

    def make(folder: Path) -> SpoolStore:
        store = SpoolStore(folder / FILE_NAME, LIMITS, clock, syncs_commits=False)
        store.open()
        stores.append(store)
        return store

    yield make
    for store in stores:
        store.close()


def _is_durable(store: SpoolStore) -> bool:
    return store.state.is_durable


def _is_full(store: SpoolStore) -> bool:
    return store.is_full


def _ids(store: SpoolStore) -> list[int]:
    return [row.id for row in store.after(0, 1000)]


def test_no_file_is_made_before_there_is_something_to_keep(
    make_store: MakeStore, tmp_path: Path
) -> None:
    folder = tmp_path / "deep" / "state"
    store = make_store(folder)
    store.apply(remove=[])
    store.sync()
    assert store.trim(BOOT, (), looks_at_age=True) == []
    assert not folder.exists()

    store.apply(add=[make_stored(1)])

    assert (folder / FILE_NAME).exists()
    assert _is_durable(store)


def test_ids_go_on_behind_the_highest_on_disk(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.apply(add=[make_stored(41)])
    store.close()

    again = SpoolStore(tmp_path / FILE_NAME, LIMITS, CLOCK, syncs_commits=False)
    assert again.open() == 42
    again.close()


def test_a_place_that_cannot_be_written_is_told_once_and_tried_again(
    make_store: MakeStore, tmp_path: Path, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file where a folder should be", encoding="utf-8")
    store = make_store(tmp_path / "state")
    for row_id in range(1, 4):
        store.apply(add=[make_stored(row_id)])
        clock.now_s += 6
    assert _ids(store) == [1, 2, 3]
    assert not _is_durable(store)
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 1
    assert "state_dir" in caplog.text

    (tmp_path / "state").unlink()
    store.apply(remove=[2], add=[make_stored(4)])

    assert _is_durable(store)
    assert _ids(store) == [1, 3, 4]
    store.close()
    file = SpoolFile(tmp_path / "state" / FILE_NAME)
    assert [row.id for row in file.after(0, 10)] == [1, 3, 4]
    file.close()


def test_a_full_disk_is_read_and_written_again_once_it_has_room(
    make_store: MakeStore, tmp_path: Path, clock: HandClock
) -> None:
    store = make_store(tmp_path)
    store.apply(add=[make_stored(1)])
    assert store._disk is not None
    store._disk._db.execute("PRAGMA max_page_count = 1")

    store.apply(add=[make_stored(n, size=5000) for n in range(2, 10)])
    store.apply(remove=[1])
    store.note_losses({(Kind.EVENTS, "gate"): 2})

    assert "full" in store.state.reason
    assert _ids(store) == list(range(2, 10))
    store._disk._db.execute("PRAGMA max_page_count = 100000")
    clock.now_s += 6
    store.apply(add=[make_stored(10)])
    assert _is_durable(store)
    assert [row.lost_before for row in store.after(8, 10)] == [0, 2]
    store.close()
    file = SpoolFile(tmp_path / FILE_NAME)
    assert file.counts[Kind.EVENTS] == 9
    file.close()


def test_a_really_full_file_system(make_store: MakeStore, tmp_path: Path, clock: HandClock) -> None:
    small = tmp_path / "small"
    small.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", small],
        check=False,
        capture_output=True,
    )
    if done.returncode:
        pytest.skip(f"cannot mount a small file system here: {done.stderr.decode().strip()}")
    try:
        store = make_store(small)
        for row_id in range(1, 400):
            store.apply(add=[make_stored(row_id, size=2000)])
        assert not _is_durable(store)
        assert _ids(store) == list(range(1, 400))
        kept = {row.id for row in store._memory.after(0, 1000)}
        assert 0 < len(kept) < 399

        store.apply(remove=range(1, 200))
        subprocess.run(["mount", "-o", "remount,size=4m", small], check=True)
        clock.now_s += 6
        store.apply(add=[make_stored(400)])

        assert _is_durable(store)
        assert _ids(store) == list(range(200, 401))
        store.close()
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_spool_larger_than_its_disk_gives_up_the_oldest_and_stays_durable(
    make_store: MakeStore, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", small], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip(f"cannot mount a small file system here: {done.stderr.decode().strip()}")
    try:
        store = make_store(small)
        dropped: list[int] = []
        for row_id in range(1, 1501):  # three times what the disk holds
            store.apply(add=[make_stored(row_id, size=4000)])
            dropped += [row.id for row in store.trim(BOOT, (), looks_at_age=False)]
            assert _is_durable(store), store.state.reason

        assert dropped == list(range(1, dropped[-1] + 1))
        assert _ids(store) == list(range(dropped[-1] + 1, 1501))[:1000]
        assert len(_ids(store)) > 100
        store.close()
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_damaged_file_is_put_aside_and_what_is_readable_kept(
    make_store: MakeStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = make_store(tmp_path)
    store.apply(add=[make_stored(n) for n in range(1, 401)])
    store.close()
    path = tmp_path / FILE_NAME
    data = bytearray(path.read_bytes())
    data[8 * 4096 : 12 * 4096] = os.urandom(4 * 4096)
    path.write_bytes(data)

    store = make_store(tmp_path)

    saved = _ids(store)
    assert 300 < len(saved) < 400
    assert saved == sorted(saved)
    assert f"{len(saved)} messages saved" in caplog.text
    assert (tmp_path / f"{FILE_NAME}.damaged").exists()
    assert _is_durable(store)


def test_what_is_no_database_at_all_is_put_aside(make_store: MakeStore, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\0garbage" * 5000)

    store = make_store(tmp_path)
    store.apply(add=[make_stored(1)])

    assert _is_durable(store)
    assert _ids(store) == [1]


def test_damage_that_shows_later_is_mended_too(
    make_store: MakeStore, tmp_path: Path, clock: HandClock
) -> None:
    store = make_store(tmp_path)
    store.apply(add=[make_stored(n) for n in range(1, 3)])
    assert store._disk is not None
    store._disk._db.execute("UPDATE messages SET kind = 'nonsense' WHERE id = 2")

    assert _ids(store) == []  # told, and moved away at the next occasion
    assert not _is_durable(store)
    clock.now_s += 6
    store.apply(add=[make_stored(3)])

    assert _is_durable(store)
    assert _ids(store) == [1, 3]


def test_memory_has_a_limit_of_its_own(make_store: MakeStore, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("", encoding="utf-8")
    store = make_store(tmp_path / "state")
    store.apply(add=[make_stored(n, size=10_000) for n in range(1, 151)])
    assert _is_full(store)

    dropped = store.trim(BOOT, (), looks_at_age=False)

    assert [row.id for row in dropped] == list(range(1, len(dropped) + 1))
    assert not _is_full(store)
    assert store.counts[Kind.EVENTS] == 150 - len(dropped)


@pytest.mark.parametrize("name", [FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-journal"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "endless", "loop"])
def test_what_is_no_file_is_put_aside(
    make_store: MakeStore, tmp_path: Path, name: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = make_store(tmp_path)
    store.apply(add=[make_stored(1)])
    store.close()
    (tmp_path / name).unlink(missing_ok=True)
    put_odd(tmp_path / name, kind)

    store = make_store(tmp_path)
    store.apply(add=[make_stored(2)])

    assert "is no plain file): moved to" in caplog.text
    assert _is_durable(store)
    assert _ids(store) == ([2] if name == FILE_NAME else [1, 2])


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ("CREATE TABLE photos (id)", "it is a database of something else"),
        (
            "PRAGMA application_id = 0x65646774; PRAGMA user_version = 999; CREATE TABLE new (id)",
            "its schema is version 999, this edgedet knows 1: the edgedet that wrote it",
        ),
    ],
)
def test_what_is_not_ours_is_left_alone_and_the_advice_fits(
    make_store: MakeStore,
    tmp_path: Path,
    clock: HandClock,
    statements: str,
    told: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.executescript(statements)
    before = (tmp_path / FILE_NAME).read_bytes()

    store = make_store(tmp_path)
    store.apply(add=[make_stored(1)])

    assert told in caplog.text
    assert "move it away, and a new spool begins" in caplog.text
    assert "make room" not in caplog.text
    assert (tmp_path / FILE_NAME).read_bytes() == before

    (tmp_path / FILE_NAME).rename(tmp_path / "elsewhere.db")
    clock.wait(6.0)
    store.apply(add=[make_stored(2)])
    assert _is_durable(store)
    assert _ids(store) == [1, 2]
