"""Who may change the models of a state directory: the service that runs, or else the command.

A lock that ends with its process says whether a service runs. A command that finds one leaves its
wish in a file, which the service takes up; else it does the work itself.
"""

import errno
import logging
from collections.abc import Callable
from pathlib import Path

from edgedet.errors import ModelError
from edgedet.files import write_whole
from edgedet.lock import FileLock
from edgedet.rollout.wish import Wish
from edgedet.state_files import StateFileError, take_up_state

logger = logging.getLogger(__name__)

_LOCK_FILE = "service.lock"
_WISH_FILE = "wish.json"
_NO_FILE = (errno.EISDIR, errno.ELOOP, errno.EINVAL, errno.ENXIO)  # it lies there, and is none


def take_claim(folder: Path) -> FileLock:
    """The right to change the models below `folder`, which is made if it is not there.

    Raises:
        ModelError: another process has it, or it cannot be written there.
    """
    path = folder / _LOCK_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(path)
    except BlockingIOError as exc:
        msg = f"another edgedet uses the models in {folder}: give this one its own state_dir"
        raise ModelError(msg) from exc
    except OSError as exc:
        reason = exc.strerror or str(exc)
        msg = f"cannot write into {folder} ({reason}); make it writable"
        if exc.errno in _NO_FILE:
            msg = f"cannot open the lock {path} ({reason}); remove it"
        raise ModelError(msg) from exc


def is_claimed(folder: Path) -> bool:
    """Whether a service runs that changes the models in `folder`."""
    if not (folder / _LOCK_FILE).exists():
        return False
    try:
        take_claim(folder).release()
    except ModelError:
        return True
    return False


def leave_wish(folder: Path, wish: Wish) -> None:
    """Have the service that runs take up `wish` within a second or two.

    Raises:
        ModelError: it cannot be written.
    """
    try:
        write_whole(folder / _WISH_FILE, wish.model_dump_json().encode())
    except OSError as exc:
        msg = f"cannot write into {folder} ({exc.strerror or exc}); run it as the service's user"
        raise ModelError(msg) from exc


def find_wish(folder: Path, tell: Callable[[str], object] = logger.warning) -> Wish | None:
    """What a command left; it stays until `drop_wish`. What cannot be read is told to `tell`."""
    try:
        return take_up_state(folder / _WISH_FILE, Wish.model_validate_json)
    except StateFileError as exc:
        tell(f"{exc}; give the command again")
        return None


def drop_wish(folder: Path) -> None:
    """The wish was taken up."""
    try:
        (folder / _WISH_FILE).unlink(missing_ok=True)
    except OSError as exc:
        logger.warning("cannot remove %s: %s", folder / _WISH_FILE, exc.strerror)
