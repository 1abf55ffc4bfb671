"""What is done with a spool that is damaged: put aside, and what can be read of it is kept."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from edgedet import state_files
from edgedet.publish.kind import Kind
from edgedet.publish.spool.durable import Stored
from edgedet.publish.spool.file import COLUMNS, stored_of
from edgedet.publish.spool.schema import SpoolError, UnusableSpoolError
from edgedet.state_files import DATABASE_ENDINGS, open_remains


def put_aside(path: Path) -> tuple[Path, list[Stored]]:
    """Move the file out of the way, for a person to look at; where it is, and what could be read.

    One such file is kept: it replaces that of an earlier time.

    Raises:
        UnusableSpoolError: it cannot be moved.
    """
    try:
        aside = state_files.put_aside(path, DATABASE_ENDINGS)
    except OSError as exc:
        msg = f"it is damaged and cannot be moved away ({exc.strerror or exc})"
        raise UnusableSpoolError(msg) from exc
    return aside, _readable(aside)


def _readable(path: Path) -> list[Stored]:
    """The messages up to the first that cannot be read, from the begin and from the end."""
    found: dict[int, Stored] = {}
    for order in ("ASC", "DESC"):
        # a damaged file fails in any way it likes, at any row
        with suppress(sqlite3.Error, SpoolError), closing(open_remains(path)) as db:
            for row in db.execute(f"SELECT {COLUMNS} FROM messages ORDER BY id {order}"):  # noqa: S608 - our own names
                if row[0] in found:
                    break
                if _is_sound(row):
                    found[row[0]] = stored_of(row)
    return [found[row_id] for row_id in sorted(found)]


def _is_sound(row: tuple[object, ...]) -> bool:
    payload = row[8]
    texts = (*row[1:4], *row[5:7])
    return (
        all(isinstance(text, str) and text for text in texts)
        and row[1] in {kind.value for kind in Kind}
        and isinstance(row[4], int)
        and isinstance(payload, bytes)
        and payload.startswith(b"{")
        and payload.endswith(b"}")
    )
