"""The file of the spool: one SQLite database in WAL mode, with one writer. For one thread.

Knows messages and what was lost of them, nothing of connections.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from edgedet.files import sync
from edgedet.publish.kind import Kind
from edgedet.publish.spool.durable import Stored
from edgedet.publish.spool.schema import DamagedSpoolError, SpoolError, open_database, translated

_Row = tuple[int, str, str, str, int, str, str, int, bytes, int, float]
COLUMNS = "id, kind, source, boot, seq, schema, message_id, utc_ms, payload, lost_before, queued_s"

Losses = Mapping[tuple[Kind, str], int]
"""Kind and source to the number of messages that were given up."""


class SpoolFile:
    """Messages in the order in which they came. Nothing else may have the file open."""

    def __init__(self, path: Path | None, *, syncs_commits: bool = False) -> None:
        """Open the file, or make it; None: keep all in memory.

        `syncs_commits`: what is committed outlives a power cut, else only the end of the process,
        until `sync` was called.

        Raises:
            SpoolError: it cannot be opened, or was written by a later version.
            DamagedSpoolError: it is not a spool any more.
        """
        self._path = path
        self._db = open_database(path, syncs_commits=syncs_commits)
        try:
            self.counts = self._count()
        except SpoolError:
            self._db.close()
            raise

    @property
    def used_bytes(self) -> int:
        """The room that messages take, in whole pages."""
        with translated():
            pages, free, size = (
                int(self._db.execute(f"PRAGMA {name}").fetchone()[0])
                for name in ("page_count", "freelist_count", "page_size")
            )
        return (pages - free) * size

    @property
    def last_id(self) -> int:
        """The highest id in use, or 0."""
        with translated():
            return int(self._db.execute("SELECT max(id) FROM messages").fetchone()[0] or 0)

    def apply(
        self,
        *,
        remove: Iterable[int] = (),
        add: Sequence[Stored] = (),
        tells_losses: bool = True,
    ) -> None:
        """Remove and add, in one transaction; each of `add` is told what was lost before it."""
        told: list[tuple[Stored, int]] = []
        with self._transaction():
            gone = self._remove(remove)
            for stored in add:
                told.append((stored, self._take_losses(stored) if tells_losses else 0))
                self._db.execute(
                    f"INSERT INTO messages ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 - our own names
                    (
                        stored.id,
                        stored.kind.value,
                        stored.source_id,
                        stored.boot,
                        stored.seq,
                        stored.schema,
                        stored.message_id,
                        stored.utc_ms,
                        stored.payload,
                        stored.lost_before + told[-1][1],
                        stored.queued_s,
                    ),
                )
        self.counts -= gone
        for stored, lost in told:
            stored.lost_before += lost
            self.counts[stored.kind] += 1

    def drop(self, ids: Sequence[int], heirs: Sequence[tuple[int, int]], orphans: Losses) -> None:
        """Give messages up: each heir `(id, count)` tells of so many, `orphans` whoever is next."""
        with self._transaction():
            gone = self._remove(ids)
            self._db.executemany(
                "UPDATE messages SET lost_before = lost_before + ? WHERE id = ?",
                [(count, heir) for heir, count in heirs],
            )
            self._add_losses(orphans)
        self.counts -= gone

    def note_losses(self, losses: Losses) -> None:
        """Let the next message of each topic tell of so many that never came here."""
        with self._transaction():
            self._add_losses(losses)

    def heirs(self, limit: int) -> list[int]:
        """The oldest messages that tell of losses."""
        with translated():
            rows = self._db.execute(
                "SELECT id FROM messages WHERE lost_before > 0 ORDER BY id LIMIT ?", (limit,)
            ).fetchall()
        return [int(row[0]) for row in rows]

    @property
    def losses(self) -> Losses:
        """What the next message of each topic will tell of."""
        with translated():
            rows = self._db.execute("SELECT kind, source, count FROM losses").fetchall()
        return {(_kind(kind), source_id): count for kind, source_id, count in rows}

    def after(self, row_id: int, limit: int, kind: Kind | None = None) -> list[Stored]:
        """The next messages behind `row_id`, of one kind or all."""
        where, values = ("", ()) if kind is None else ("AND kind = ?", (kind.value,))
        with translated():
            rows = self._db.execute(
                f"SELECT {COLUMNS} FROM messages WHERE id > ? {where} ORDER BY id LIMIT ?",  # noqa: S608 - our own words
                (row_id, *values, limit),
            ).fetchall()
        return [stored_of(row) for row in rows]

    def next_of(self, stored: Stored, row_id: int) -> int | None:
        """The next message behind `row_id` of the same topic and boot."""
        with translated():
            row = self._db.execute(
                "SELECT id FROM messages WHERE id > ? AND kind = ? AND source = ? AND boot = ?"
                " ORDER BY id LIMIT 1",
                (row_id, stored.kind.value, stored.source_id, stored.boot),
            ).fetchone()
        return None if row is None else int(row[0])

    def sync(self) -> None:
        """Have the disk keep what was committed.

        Raises:
            SpoolError: it does not.
        """
        if self._path is None:
            return
        try:
            # the log alone: SQLite writes the rest back in an order that a power cut cannot harm.
            # Its locks are on the other file, so that this close does not lose them
            sync(Path(f"{self._path}-wal"))
        except OSError as exc:
            raise SpoolError(exc.strerror or str(exc)) from exc

    def close(self) -> None:
        """Close; may be called twice."""
        with suppress(sqlite3.Error):
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has ended it already
                    self._db.execute("ROLLBACK")
                raise

    def _count(self) -> Counter[Kind]:
        with translated():
            rows = self._db.execute("SELECT kind, count(*) FROM messages GROUP BY kind").fetchall()
        return Counter({_kind(kind): count for kind, count in rows})

    def _remove(self, ids: Iterable[int]) -> Counter[Kind]:
        gone: Counter[Kind] = Counter()
        for row_id in ids:
            gone.update(
                _kind(row[0])
                for row in self._db.execute(
                    "DELETE FROM messages WHERE id = ? RETURNING kind", (row_id,)
                ).fetchall()
            )
        return gone

    def _take_losses(self, stored: Stored) -> int:
        row = self._db.execute(
            "DELETE FROM losses WHERE kind = ? AND source = ? RETURNING count",
            (stored.kind.value, stored.source_id),
        ).fetchall()
        return int(row[0][0]) if row else 0

    def _add_losses(self, losses: Losses) -> None:
        self._db.executemany(
            "INSERT INTO losses VALUES (?, ?, ?)"
            " ON CONFLICT (kind, source) DO UPDATE SET count = count + excluded.count",
            [(kind.value, source_id, count) for (kind, source_id), count in losses.items()],
        )


def stored_of(row: _Row) -> Stored:
    """The message in a row of `COLUMNS`."""
    return Stored(row[0], _kind(row[1]), *row[2:])


def _kind(word: str) -> Kind:
    try:
        return Kind(word)
    except ValueError as exc:
        raise DamagedSpoolError(str(exc)) from exc
