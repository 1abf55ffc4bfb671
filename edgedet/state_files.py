"""Small files in which a run leaves something for the next one.

Under such a name anything may lie one day: half a file, a folder, a pipe, a link to a device that
never ends. All of it reads as a damaged file does, and holds nobody up.
"""

import errno
import json
import os
import sqlite3
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from edgedet.errors import EdgedetError
from edgedet.files import read_plain

T = TypeVar("T")

MAX_BYTES = 4 << 20
"""Of any such file; those that are written are far smaller."""
DATABASE_ENDINGS = ("", "-wal", "-shm", "-journal")
"""How names of the files go on that make up an SQLite database."""
_MAX_REASON_CHARS = 200
_NO_JSON = "it is no JSON"
_PASSING = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM))  # nothing is wrong with the file


class StateFileError(EdgedetError):
    """A file of state that is there and cannot be used; the message names it and says why.

    `is_damaged`: the file is to blame, not what the machine lacks at the moment.
    """

    def __init__(self, message: str, *, is_damaged: bool) -> None:
        """Keep whose fault it is beside the message."""
        super().__init__(message)
        self.is_damaged = is_damaged


def take_up_state(path: Path, parse: Callable[[bytes], T]) -> T | None:
    """The same as `read_state`, for the owner of the file: what is damaged is put aside.

    Raises:
        StateFileError: it cannot be used; the message says where it is now.
    """
    try:
        return read_state(path, parse)
    except StateFileError as exc:
        if not exc.is_damaged:
            raise
        try:
            told = f"moved to '{put_aside(path)}'"
        except OSError as moving:
            told = f"it cannot be moved away ({moving.strerror or moving})"
        msg = f"{exc}: {told}"
        raise StateFileError(msg, is_damaged=True) from exc


def put_aside(path: Path, endings: Sequence[str] = ("",)) -> Path:
    """Move what is at `path` out of the way, for a person to look at; where it is now.

    With `endings` also what belongs to it under names that go on so. One of them is kept: it
    replaces that of an earlier time.

    Raises:
        OSError: it cannot be moved.
    """
    aside = path.with_name(f"{path.name}.damaged")
    for ending in endings:
        there = Path(f"{aside}{ending}")
        there.unlink(missing_ok=True)
        if os.path.lexists(f"{path}{ending}"):
            Path(f"{path}{ending}").replace(there)
    return aside


def read_state(path: Path, parse: Callable[[bytes], T], max_bytes: int = MAX_BYTES) -> T | None:
    """What `parse` makes of the file at `path`; None if there is none.

    Raises:
        StateFileError: it is no plain file, cannot be read, is larger than `max_bytes`, or `parse`
            raises ValueError, as pydantic does, or what odd JSON leads to.
    """
    try:
        content = read_plain(path, max_bytes)
        if content:
            return parse(content)
        reason, is_damaged = "it is empty", True
    except FileNotFoundError:
        return None
    except OSError as exc:
        reason = exc.strerror or str(exc)
        is_damaged = exc.errno not in _PASSING
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as exc:
        reason, is_damaged = _reason(exc), True
    msg = f"'{path}' cannot be used ({reason})"
    raise StateFileError(msg, is_damaged=is_damaged)


def odd_part(path: Path) -> str:
    """Which file of the SQLite database at `path` is none, in words; empty if all are.

    SQLite waits for a pipe, and leaves a journal beside a device.
    """
    for ending in DATABASE_ENDINGS:
        part = Path(f"{os.path.realpath(path)}{ending}")  # as SQLite follows a link
        try:
            is_plain = stat.S_ISREG(part.stat().st_mode)
        except FileNotFoundError:
            is_plain = not (ending and part.is_symlink())  # the database itself can be made there
        except OSError as exc:
            is_plain = exc.errno != errno.ELOOP
        if not is_plain:
            return f"'{path.name}{ending}' is no plain file"
    return ""


def open_remains(path: Path) -> sqlite3.Connection:
    """What is left of a damaged SQLite database, to be read, row by row as far as that goes.

    Raises:
        sqlite3.Error: It is no file, or not to be opened.
    """
    odd = odd_part(path)
    if not odd:
        return sqlite3.connect(path)
    if not path.is_file():
        raise sqlite3.OperationalError(odd)
    return sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)  # by itself


def _reason(exc: Exception) -> str:
    """Why content is not what it should be, in a few words: the first of pydantic's reasons."""
    if isinstance(exc, (UnicodeDecodeError, json.JSONDecodeError)):
        return _NO_JSON
    if not isinstance(exc, ValidationError):
        return (str(exc) or type(exc).__name__)[:_MAX_REASON_CHARS]
    first = exc.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return _NO_JSON
    where = ".".join(str(part) for part in first["loc"])
    return (f"{where}: {first['msg']}" if where else first["msg"])[:_MAX_REASON_CHARS]
