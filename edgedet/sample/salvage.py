"""What is done with a ledger that is damaged: put aside, and what can be read of it is kept.

For the service, which has the claim on the folder. The new ledger is whole before the old one is
moved, so that a kill in between costs nothing. What frames were paid for may be lost with it, so
that every limit counts as spent until its window is over.
"""

import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edgedet.errors import SampleError
from edgedet.files import sync
from edgedet.sample.budget import note_unknown
from edgedet.sample.database import DamagedLedgerError, connect, transaction
from edgedet.sample.ledger import LEDGER_FILE, Ledger, sample_of
from edgedet.state_files import DATABASE_ENDINGS, open_remains, put_aside

logger = logging.getLogger(__name__)

DAMAGED = "damaged_ledgers"
"""Counts ledgers that were put aside."""
_TABLES = ("sample", "spending", "audit", "counter")
_TYPES: dict[str, tuple[type, ...]] = {"TEXT": (str,), "INTEGER": (int,), "REAL": (float, int)}


def open_ledger(folder: Path, now_s: float) -> Ledger:
    """The ledger in `folder`, or a new one with what could be read of the damaged one.

    `now_s` is the time of day, in seconds of UTC.

    Raises:
        SampleError: it cannot be used, or not be moved away.
    """
    path, new = folder / LEDGER_FILE, folder / f"{LEDGER_FILE}.new"
    if not os.path.lexists(path) and new.exists():
        new.replace(path)  # a kill came in between
    try:
        return Ledger(folder)
    except DamagedLedgerError as exc:
        damage = exc
    _remove(new)
    saved = _new_ledger(path, new, now_s)
    try:
        aside = put_aside(path, DATABASE_ENDINGS)
        new.replace(path)
        sync(folder)
    except OSError as exc:
        msg = f"{damage.lead}, and cannot be moved away ({exc.strerror or exc})"
        raise SampleError(msg) from exc
    logger.error(
        "%s: moved to '%s', and %d samples saved from it; pictures that none of them knows are"
        " removed, and every limit counts as spent until its window is over",
        damage.lead,
        aside,
        saved,
    )
    return Ledger(folder)


def _new_ledger(damaged: Path, new: Path, now_s: float) -> int:
    """Make the ledger `new` of what can be read of the damaged one; the number of its samples."""
    with closing(connect(new)) as connection:
        with transaction(connection):
            for name in _TABLES:
                _save(damaged, _Table.of(connection, name), connection)
            note_unknown(connection, now_s)
            connection.execute(
                "INSERT INTO counter VALUES (?, 1)"
                " ON CONFLICT (name) DO UPDATE SET value = value + 1",
                (DAMAGED,),
            )
            saved = int(connection.execute("SELECT COUNT(*) FROM sample").fetchone()[0])
        connection.execute("PRAGMA journal_mode = DELETE")  # all of it in the one file
    return saved


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the ledger, as it is declared: name, type, and whether it may be NULL."""

    name: str
    columns: Sequence[tuple[str, str, bool]]

    @classmethod
    def of(cls, connection: sqlite3.Connection, name: str) -> "_Table":
        rows = connection.execute(f"PRAGMA table_info({name})").fetchall()
        return cls(
            name, [(row["name"], row["type"], not (row["notnull"] or row["pk"])) for row in rows]
        )

    @property
    def names(self) -> str:
        return ", ".join(name for name, _, _ in self.columns)

    def is_sound(self, row: sqlite3.Row) -> bool:
        """Whether a row that was read can be one that was written."""
        for name, declared, may_be_null in self.columns:
            value = row[name]
            if not ((value is None and may_be_null) or isinstance(value, _TYPES[declared])):
                return False
        if self.name != "sample":
            return True
        try:
            sample_of({name: row[name] for name, _, _ in self.columns})
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return False
        return True


def _save(damaged: Path, table: _Table, to: sqlite3.Connection) -> None:
    marks = ", ".join("?" * len(table.columns))
    insert = f"INSERT OR IGNORE INTO {table.name} ({table.names}) VALUES ({marks})"  # noqa: S608
    for row in _readable(damaged, table):
        if table.is_sound(row):
            to.execute(insert, tuple(row)[1:])


def _readable(damaged: Path, table: _Table) -> Iterator[sqlite3.Row]:
    """The rows up to the first that cannot be read, from the begin and from the end, in order."""
    last = -1
    for row in _rows(damaged, table, "ASC"):
        last = int(row[0])
        yield row
    behind = []
    for row in _rows(damaged, table, "DESC"):
        if int(row[0]) <= last:
            break
        behind.append(row)
    yield from reversed(behind)


def _rows(damaged: Path, table: _Table, order: str) -> Iterator[sqlite3.Row]:
    query = f"SELECT rowid, {table.names} FROM {table.name} ORDER BY rowid {order}"  # noqa: S608
    try:
        with closing(open_remains(damaged)) as db:
            db.row_factory = sqlite3.Row
            yield from db.execute(query)
    except (sqlite3.Error, OverflowError, OSError):
        return  # a damaged file fails in any way it likes, at any row


def _remove(new: Path) -> None:
    """Remove what a kill left half made."""
    for ending in DATABASE_ENDINGS:
        Path(f"{new}{ending}").unlink(missing_ok=True)
