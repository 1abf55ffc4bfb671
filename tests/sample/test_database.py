"""The ledger's file: made once, whole or not at all, never half understood."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edgedet.errors import SampleError
from edgedet.sample.database import VERSION, DamagedLedgerError, connect, transaction


def test_tables_are_made_once_and_found_again(tmp_path: Path) -> None:
    for _ in range(2):
        connection = connect(tmp_path / "ledger.db")
        assert connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        connection.close()


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    connection = connect(tmp_path / "ledger.db")
    add = "INSERT INTO counter VALUES ('a', 1)"
    with pytest.raises(SampleError, match="UNIQUE"), transaction(connection):  # noqa: PT012 - both
        connection.execute(add)
        connection.execute(add)
    assert connection.execute("SELECT COUNT(*) FROM counter").fetchone()[0] == 0
    connection.close()


def test_what_cannot_be_used_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "garbage.db").write_bytes(b"not a database, but long enough to be read as one")
    later = sqlite3.connect(tmp_path / "later.db")
    later.execute("PRAGMA user_version = 99")
    later.close()

    with pytest.raises(SampleError, match="damaged"):
        connect(tmp_path / "garbage.db")
    with pytest.raises(SampleError, match="version 99"):
        connect(tmp_path / "later.db")
    with pytest.raises(SampleError, match="nothing was sampled"):
        connect(tmp_path / "none.db", may_create=False)
    with pytest.raises(SampleError, match="unable to open"):
        connect(tmp_path / "no" / "folder" / "ledger.db")


@pytest.mark.parametrize("version", [0, VERSION])
def test_the_database_of_something_else_is_left_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as other:
        other.executescript(f"CREATE TABLE photos (id); PRAGMA user_version = {version}")
    before = path.read_bytes()

    with pytest.raises(SampleError, match="something else, no ledger; move it away") as caught:
        connect(path)

    assert not isinstance(caught.value, DamagedLedgerError)
    assert path.read_bytes() == before


def test_damage_inside_is_found_and_told_from_other_trouble(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(connect(path)) as made:
        made.execute("DROP TABLE spending")
    with pytest.raises(DamagedLedgerError, match=r"lacks its table spending\); the service moves"):
        connect(path)
    path.write_bytes(b"not a database, but long enough to be read as one" * 90)
    with pytest.raises(DamagedLedgerError, match="not a database"):
        connect(path, may_create=False)
