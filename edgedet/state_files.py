"""Small files in which a run leaves something for the next one.

Under such a name anything may lie one day: half a file, a folder, a pipe, a link to a device that
never ends. All of it reads as a damaged file does, and holds nobody up.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from edgedet.errors import EdgedetError
from edgedet.files import read_plain

T = TypeVar("T")

MAX_BYTES = 4 << 20
"""Of any such file; those that are written are far smaller."""
_MAX_REASON_CHARS = 200


class StateFileError(EdgedetError):
    """A file of state that is there and cannot be used; the message names it and says why."""


def read_state(path: Path, parse: Callable[[bytes], T], max_bytes: int = MAX_BYTES) -> T | None:
    """What `parse` makes of the file at `path`; None if there is none.

    Raises:
        StateFileError: it is no plain file, cannot be read, is larger than `max_bytes`, or `parse`
            raises ValueError, as pydantic does, or what odd JSON leads to.
    """
    try:
        return parse(read_plain(path, max_bytes))
    except FileNotFoundError:
        return None
    except OSError as exc:
        reason = exc.strerror or str(exc)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as exc:
        reason = reason_of(exc)
    msg = f"'{path}' cannot be used ({reason})"
    raise StateFileError(msg)


def reason_of(exc: Exception) -> str:
    """Why content is not what it should be, in a few words: the first of pydantic's reasons."""
    text = str(exc) or type(exc).__name__
    if isinstance(exc, ValidationError):
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        text = f"{where}: {first['msg']}" if where else first["msg"]
    return text[:_MAX_REASON_CHARS]
