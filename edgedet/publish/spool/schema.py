"""How the database of the spool is opened: ours, whole, and of a version that is known."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgedet.errors import PublishError
from edgedet.publish.spool.room import journal_pages
from edgedet.state_files import odd_part

SCHEMA_VERSION = 1

_APPLICATION_ID = 0x65646774  # "edgt": what is somebody else's is left alone
_MEMORY = ":memory:"
_TABLES = {"messages", "losses"}
_LOCK_TIMEOUT_S = 1.0
_SCHEMA = f"""
BEGIN;
CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  boot TEXT NOT NULL,
  seq INTEGER NOT NULL,
  schema TEXT NOT NULL,
  message_id TEXT NOT NULL,
  utc_ms INTEGER NOT NULL,
  queued_s REAL NOT NULL,
  lost_before INTEGER NOT NULL,
  payload BLOB NOT NULL
);
CREATE TABLE losses (
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (kind, source)
) WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


class SpoolError(PublishError):
    """The spool cannot be used now: no space, no permission, another process has it."""

    advice = "make room, or see that this user may write there (state_dir)"


class UnusableSpoolError(SpoolError):
    """What lies there is not ours to change: a person has to see to it."""

    advice = "move it away, and a new spool begins; what is in it is not sent then"


class DamagedSpoolError(SpoolError):
    """The file is no longer what was written."""


@contextmanager
def translated() -> Iterator[None]:
    """Let what SQLite raises be ours."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        raise SpoolError(str(exc)) from exc
    except sqlite3.DatabaseError as exc:
        raise DamagedSpoolError(str(exc)) from exc


def open_database(path: Path | None, *, syncs_commits: bool) -> sqlite3.Connection:
    """The database at `path`, made if there is none; None: in memory. Nobody else may have it open.

    Raises:
        SpoolError: it cannot be opened.
        UnusableSpoolError: it is not ours, or was written by another version.
        DamagedSpoolError: it is no database any more.
    """
    if path is not None and (trouble := odd_part(path)):
        raise DamagedSpoolError(trouble)
    with translated():
        db = sqlite3.connect(str(path or _MEMORY), timeout=_LOCK_TIMEOUT_S, isolation_level=None)
    try:
        with translated():
            _prepare(db, path, syncs_commits=syncs_commits)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, path: Path | None, *, syncs_commits: bool) -> None:
    if path is not None:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
    is_new = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not is_new:
        _check(db)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {'FULL' if syncs_commits else 'NORMAL'}")
    if path is not None:
        db.execute(f"PRAGMA wal_autocheckpoint = {journal_pages(path.parent)}")
    if is_new:
        db.executescript(_SCHEMA)


def _check(db: sqlite3.Connection) -> None:
    application, version = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("application_id", "user_version")
    )
    if application != _APPLICATION_ID:
        msg = "it is a database of something else"
        raise UnusableSpoolError(msg)
    if version != SCHEMA_VERSION:
        msg = (
            f"its schema is version {version}, this edgedet knows {SCHEMA_VERSION}: the edgedet"
            " that wrote it can send what is in it"
        )
        raise UnusableSpoolError(msg)
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DamagedSpoolError(found)
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if missing := _TABLES - tables:
        msg = f"it lacks its table {', '.join(sorted(missing))}"
        raise DamagedSpoolError(msg)
