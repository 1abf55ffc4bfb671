"""The ledger's SQLite file: opened, its tables made, its errors put in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgedet.errors import SampleError
from edgedet.state_files import odd_part

VERSION = 1
_BUSY_TIMEOUT_S = 10.0
_MOST_WAL_PAGES = 200  # 0.8 MiB instead of SQLite's 4: the quota does not count it
_TABLES = """
CREATE TABLE sample (
    id TEXT PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, source_id TEXT NOT NULL, seq INTEGER NOT NULL,
    captured TEXT NOT NULL, kept TEXT NOT NULL, strategy TEXT NOT NULL, why TEXT NOT NULL,
    tags TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL, disk_bytes INTEGER NOT NULL,
    objects TEXT NOT NULL, look TEXT NOT NULL, place TEXT,
    state TEXT NOT NULL, reason TEXT NOT NULL, remote_id TEXT NOT NULL, attempts INTEGER NOT NULL
);
CREATE INDEX sample_by_state ON sample (state);
CREATE INDEX sample_by_source ON sample (source_id);
CREATE INDEX sample_with_file ON sample (disk_bytes) WHERE place IS NOT NULL;
CREATE TABLE spending (
    at_s REAL NOT NULL, strategy TEXT NOT NULL, source_id TEXT NOT NULL, class_name TEXT NOT NULL
);
CREATE INDEX spending_by_time ON spending (at_s);
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, sample_id TEXT NOT NULL,
    sha256 TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    outcome TEXT NOT NULL
);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_NAMES = {"sample", "spending", "audit", "counter"}
# of any age: earlier versions read and write a ledger that has them
_INDICES = (
    "CREATE INDEX IF NOT EXISTS sample_by_kind ON sample (state, source_id, strategy)",
    "CREATE INDEX IF NOT EXISTS sample_by_reason ON sample (reason) WHERE state = 'refused'",
)


class DamagedLedgerError(SampleError):
    """The file is no longer what was written; `lead` says so, without what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        """Tell what is to be done where no service does it."""
        self.lead = f"ledger {path} is damaged ({reason})"
        super().__init__(
            f"{self.lead}; the service moves it to '{path.name}.damaged' when it starts"
        )


def connect(path: Path, *, may_create: bool = True) -> sqlite3.Connection:
    """The ledger at `path`, with its tables. Every commit is on the disk when it returns.

    Raises:
        DamagedLedgerError: if it is not what was written any more; looked for where it may be made.
        SampleError: if it is no ledger, one of a later version, or cannot be opened.
    """
    if trouble := odd_part(path):
        raise DamagedLedgerError(path, trouble)
    if not may_create and not path.is_file():
        msg = f"there is no ledger at {path}: nothing was sampled here yet"
        raise SampleError(msg)
    try:
        connection = sqlite3.connect(
            path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as exc:
        raise _error(path, exc) from exc
    try:
        connection.row_factory = sqlite3.Row
        _check(connection, path, thoroughly=may_create)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_MOST_WAL_PAGES}")
        _prepare(connection)
    except sqlite3.Error as exc:
        connection.close()
        raise _error(path, exc) from exc
    except SampleError:
        connection.close()
        raise
    return connection


@contextmanager
def translated() -> Iterator[None]:
    """What SQLite raises, as ours."""
    try:
        yield
    except sqlite3.Error as exc:
        raise _error(None, exc) from exc


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing; nobody else writes meanwhile, in whatever process.

    Raises:
        SampleError: if the ledger cannot be written, as on a full disk.
    """
    with translated():
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _check(connection: sqlite3.Connection, path: Path, *, thoroughly: bool) -> None:
    """Look whether what is there, if anything, is a ledger; nothing is changed.

    Raises:
        SampleError: it is none that this edgedet knows.
        DamagedLedgerError: it was one.
    """
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if found not in (0, VERSION):
        msg = (
            f"ledger {path} has version {found}, this edgedet knows {VERSION}; "
            "install the edgedet that wrote it, or move the folder away to begin anew"
        )
        raise SampleError(msg)
    is_new = found == 0 and not tables
    if not is_new and (found == 0 or not tables & _NAMES):
        msg = f"{path} is a database of something else, no ledger; move it away to begin anew"
        raise SampleError(msg)
    if is_new or not thoroughly:
        return
    if missing := _NAMES - tables:
        raise DamagedLedgerError(path, f"it lacks its table {', '.join(sorted(missing))}")
    whole = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if whole != "ok":
        raise DamagedLedgerError(path, whole.splitlines()[-1])


def _prepare(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in filter(str.strip, _TABLES.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        for statement in _INDICES:
            connection.execute(statement)


def _error(path: Path | None, exc: sqlite3.Error) -> SampleError:
    if path is not None and type(exc) is sqlite3.DatabaseError:  # those below it are other trouble
        return DamagedLedgerError(path, str(exc))
    where = f" {path}" if path else ""
    return SampleError(f"ledger{where}: {exc}; is the disk full, or the file damaged?")
