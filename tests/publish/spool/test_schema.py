"""Opening the database of the spool, whatever lies there."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edgedet.publish.spool.schema import DamagedSpoolError, SpoolError, open_database
from edgedet.state_files import DATABASE_ENDINGS
from tests.odd_files import put_odd


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def _open(path: Path) -> None:
    open_database(path, syncs_commits=False).close()


def test_opens_its_own_and_an_empty_file(path: Path) -> None:
    path.touch()
    _open(path)
    _open(path)


def test_refuses_the_database_of_something_else(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE photos (id)")

    with pytest.raises(SpoolError, match="something else"):
        _open(path)

    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("photos",)]


def test_refuses_a_later_version(path: Path) -> None:
    _open(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 9")

    with pytest.raises(SpoolError, match="version 9, this edgedet knows 1"):
        _open(path)


def test_tells_damage_from_other_trouble(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be one" * 100)
    with pytest.raises(DamagedSpoolError):
        _open(path)

    with pytest.raises(SpoolError, match="unable to open") as caught:
        _open(path / "deeper" / "spool.db")
    assert not isinstance(caught.value, DamagedSpoolError)


def test_finds_damage_inside(path: Path) -> None:
    with closing(open_database(path, syncs_commits=False)) as db:
        for number in range(500):
            db.execute(
                "INSERT INTO messages VALUES (?,'events','gate','b',1,'s','m',0,0,0,?)",
                (number, b"x" * 500),
            )
    data = bytearray(path.read_bytes())
    data[8 * 4096 : 20 * 4096] = b"\xff" * (12 * 4096)
    path.write_bytes(data)

    with pytest.raises(DamagedSpoolError):
        _open(path)


def test_only_one_may_have_it_open(path: Path) -> None:
    with closing(open_database(path, syncs_commits=False)) as db:
        db.execute("INSERT INTO losses VALUES ('events', 'gate', 1)")
        with pytest.raises(SpoolError, match="locked"):
            _open(path)


@pytest.mark.parametrize("ending", DATABASE_ENDINGS)
@pytest.mark.parametrize("kind", ["pipe", "folder", "endless"])
def test_what_is_no_file_is_damage_and_not_waited_for(path: Path, ending: str, kind: str) -> None:
    if ending:
        _open(path)
    put_odd(Path(f"{path}{ending}"), kind)

    with pytest.raises(DamagedSpoolError, match=f"'spool.db{ending}' is no plain file"):
        _open(path)
    assert not Path("/dev/zero-journal").exists()


def test_a_spool_may_lie_elsewhere(path: Path) -> None:
    (path.parent / "disk").mkdir()
    path.symlink_to(path.parent / "disk" / "spool.db")
    _open(path)
    _open(path)
    assert (path.parent / "disk" / "spool.db").is_file()


@pytest.mark.parametrize("table", ["messages", "losses"])
def test_a_table_that_is_gone_is_damage(path: Path, table: str) -> None:
    _open(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"DROP TABLE {table}")

    with pytest.raises(DamagedSpoolError, match=f"lacks its table {table}"):
        _open(path)
