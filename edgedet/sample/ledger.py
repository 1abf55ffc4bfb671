"""The ledger: one row for each kept frame, from being kept to its end.

Every change is one transaction. Safe from several threads and processes: the service writes, and
`edgedet learn` beside it.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple

from edgedet.sample.base import Sample, SampleObject, State
from edgedet.sample.database import connect, transaction, translated

LEDGER_FILE = "ledger.db"
_COLUMNS = tuple(each.name for each in fields(Sample))
_OPEN_STATES = (State.KEPT, State.APPROVED, State.UPLOADED, State.ANNOTATED)


class Kind(NamedTuple):
    """How many samples there are of one state, source and strategy."""

    state: State
    source_id: str
    strategy: str
    number: int


class Ledger:
    """The ledger in a folder."""

    def __init__(self, folder: Path, *, may_create: bool = True) -> None:
        """Open it, or make it if it may be made.

        Raises:
            DamagedLedgerError: if it is not what was written any more.
            SampleError: if it cannot be used.
        """
        self._connection = connect(folder / LEDGER_FILE, may_create=may_create)
        self._lock = threading.RLock()  # guards the connection

    def close(self) -> None:
        """Close the file; may be called twice."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, for those who change files with it.

        Raises:
            SampleError: if the ledger cannot be written.
        """
        with self._lock:
            if self._connection.in_transaction:  # part of the transaction around it
                yield self._connection
                return
            with transaction(self._connection):
                yield self._connection

    def reading(self, query: str, values: Sequence[str | float] = ()) -> list[sqlite3.Row]:
        """The rows that a query finds.

        Raises:
            SampleError: if the ledger cannot be read.
        """
        with self._lock, translated():
            return self._connection.execute(query, values).fetchall()

    def add(self, sample: Sample) -> None:
        """A new row."""
        row = _row_of(sample)
        marks = ", ".join("?" * len(row))
        with self.writing() as connection:
            connection.execute(
                f"INSERT INTO sample ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - own names
                tuple(row.values()),
            )
            self.count("kept")

    def get(self, sample_id: str) -> Sample | None:
        """The sample of that id, or None."""
        found = self._select("WHERE id = ?", (sample_id,))
        return found[0] if found else None

    def has_content(self, sha256: str) -> bool:
        """Whether a picture with these bytes was kept before."""
        return bool(self.reading("SELECT 1 FROM sample WHERE sha256 = ?", (sha256,)))

    def samples(
        self, states: Iterable[State] = (), source_id: str | None = None, limit: int | None = None
    ) -> list[Sample]:
        """Samples, oldest first; in some states, of a source, at most so many."""
        wanted = [state.value for state in states]
        terms = [f"state IN ({', '.join('?' * len(wanted))})"] if wanted else []
        terms += ["source_id = ?"] if source_id is not None else []
        values: list[str | int] = [*wanted, *([source_id] if source_id is not None else [])]
        where = f"WHERE {' AND '.join(terms)} " if terms else ""
        tail = "" if limit is None else " LIMIT ?"
        return self._select(
            f"{where}ORDER BY rowid{tail}", (*values, *([] if limit is None else [limit]))
        )

    def latest(
        self,
        limit: int,
        source_id: str | None = None,
        strategy: str | None = None,
        states: Iterable[State] = (),
        before: str | None = None,
    ) -> list[Sample]:
        """The last kept samples, newest first; of these kinds, kept before another sample."""
        wanted = [state.value for state in states]
        terms = {
            f"state IN ({', '.join('?' * len(wanted))})": wanted,
            "source_id = ?": [] if source_id is None else [source_id],
            "strategy = ?": [] if strategy is None else [strategy],
            "rowid < (SELECT rowid FROM sample WHERE id = ?)": [] if before is None else [before],
        }
        given = {term: values for term, values in terms.items() if values}
        where = f"WHERE {' AND '.join(given)} " if given else ""
        values = [value for each in given.values() for value in each]
        return self._select(f"{where}ORDER BY rowid DESC LIMIT ?", (*values, limit))

    def with_file(self) -> list[Sample]:
        """Samples whose picture is on this disk, oldest first."""
        return self._select("WHERE place IS NOT NULL ORDER BY rowid", ())

    def stored_bytes(self) -> int:
        """What the pictures on this disk take."""
        query = "SELECT COALESCE(SUM(disk_bytes), 0) FROM sample WHERE place IS NOT NULL"
        return int(self.reading(query)[0][0])

    def change(
        self, sample_id: str, since: Sequence[State], **changes: State | str | int | None
    ) -> bool:
        """Change columns of a sample if it is in one of the states `since`; whether it was."""
        assignments = ", ".join(f"{name} = ?" for name in changes)
        marks = ", ".join("?" * len(since))
        with self.writing() as connection:
            done = connection.execute(
                f"UPDATE sample SET {assignments} WHERE id = ? AND state IN ({marks})",  # noqa: S608
                (*map(_plain, changes.values()), sample_id, *(s.value for s in since)),
            )
            return done.rowcount == 1

    def refuse(self, sample_id: str, reason: str) -> bool:
        """End the life of a sample that was not done yet; whether it was not."""
        with self.writing():
            is_refused = self.change(sample_id, _OPEN_STATES, state=State.REFUSED, reason=reason)
            if is_refused:
                self.count("refused")
            return is_refused

    def set_place(self, sample_id: str, place: str | None) -> None:
        """Write down where the picture is now, None: nowhere on this disk."""
        with self.writing() as connection:
            connection.execute("UPDATE sample SET place = ? WHERE id = ?", (place, sample_id))

    def delete(self, sample_id: str) -> None:
        """Remove a row, which should be at its end; its audit lines stay."""
        with self.writing() as connection:
            connection.execute("DELETE FROM sample WHERE id = ?", (sample_id,))

    def kinds(self) -> list[Kind]:
        """How many samples there are of each state, source and strategy."""
        columns = "state, source_id, strategy"
        rows = self.reading(f"SELECT {columns}, COUNT(*) FROM sample GROUP BY {columns}")  # noqa: S608
        return [Kind(State(row[0]), str(row[1]), str(row[2]), int(row[3])) for row in rows]

    def refusals(self, limit: int) -> list[tuple[str, int]]:
        """The most frequent reasons of refused samples, with their number."""
        query = (
            "SELECT reason, COUNT(*) AS times FROM sample WHERE state = 'refused'"
            " GROUP BY reason ORDER BY times DESC, reason LIMIT ?"
        )
        return [(str(row[0]), int(row[1])) for row in self.reading(query, (limit,))]

    def by_state(self) -> dict[str, int]:
        """How many samples are in each state."""
        query = "SELECT state, COUNT(*) FROM sample GROUP BY state"
        found = {str(row[0]): int(row[1]) for row in self.reading(query)}
        return {state.value: found.get(state.value, 0) for state in State}

    def count(self, name: str, more: int = 1) -> None:
        """Add to a counter that survives restarts."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name)"
                " DO UPDATE SET value = value + excluded.value",
                (name, more),
            )

    def counters(self) -> dict[str, int]:
        """All counters."""
        rows = self.reading("SELECT name, value FROM counter")
        return {str(row["name"]): int(row["value"]) for row in rows}

    def _select(self, tail: str, values: Sequence[str | int]) -> list[Sample]:
        query = f"SELECT {', '.join(_COLUMNS)} FROM sample {tail}"  # noqa: S608 - own words
        return [sample_of(dict(row)) for row in self.reading(query, values)]


def _plain(value: State | str | int | None) -> str | int | None:
    return value.value if isinstance(value, State) else value


def _row_of(sample: Sample) -> dict[str, str | int | None]:
    row = {name: getattr(sample, name) for name in _COLUMNS}
    row |= {
        "tags": json.dumps(sample.tags),
        "objects": json.dumps([asdict(each) for each in sample.objects]),
        "state": sample.state.value,
    }
    return row


def sample_of(row: Mapping[str, Any]) -> Sample:
    """A sample from its row.

    Raises:
        ValueError, LookupError, TypeError: it is none that was written.
    """
    values = dict(row)
    objects = [{**each, "box": tuple(each["box"])} for each in json.loads(values["objects"])]
    values |= {
        "tags": tuple(json.loads(values["tags"])),
        "objects": tuple(SampleObject(**each) for each in objects),
        "state": State(values["state"]),
    }
    return Sample(**values)
