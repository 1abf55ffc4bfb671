"""Writing files so that nobody ever reads half of one, and reading no more than is wanted."""

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path

MAX_SECRET_BYTES = 65_535
"""What MQTT takes for a password; keys and tokens are shorter."""


def read_secret(path: Path) -> bytes:
    """What is in a file with a password or key, of `MAX_SECRET_BYTES` at most.

    Raises:
        OSError: If it cannot be read, or holds more, as a device does that never ends.
    """
    with path.open("rb") as file:
        return _read_all(file, MAX_SECRET_BYTES)


def read_plain(path: Path, max_bytes: int | None = None) -> bytes:
    """What is in a plain file of `max_bytes` at most; never waits, as opening a pipe does.

    Raises:
        OSError: If it cannot be read, is no plain file, or holds more.
    """
    with open_plain(path) as file:
        return file.read() if max_bytes is None else _read_all(file, max_bytes)


def open_plain(path: Path) -> BufferedReader:
    """A plain file to read, or what a link to one leads to; never waits, as opening a pipe does.

    Raises:
        OSError: If it cannot be opened, or is a folder, a pipe or a device, which may never end.
    """
    _check_plain(path.stat())  # before it is opened, which some devices take for an order
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _check_plain(os.fstat(handle))  # it may have been replaced
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there as a whole or not at all, also after a power cut.

    Raises:
        OSError: If it cannot be written; nothing is left behind then.
    """

    def write(new: Path) -> None:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    _put_in_place(path, write, 0o644, suffix="")


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a new file beside `path`, then put it there in one step.

    Cheaper than `write_whole`, and for what writes its files itself: nobody reads half of it, but
    after a power cut it may be empty.

    Raises:
        OSError: If it cannot be written; nothing is left behind then.
    """
    _put_in_place(path, write, 0o666 & ~_umask(), suffix=path.suffix)  # some writers go by it


def write_text_atomically(path: Path, text: str) -> None:
    """Write `text` in UTF-8, line ends and undecodable bytes as they are; see `write_atomically`.

    Raises:
        OSError: If it cannot be written; nothing is left behind then.
    """
    write_atomically(path, lambda new: _write_text(new, text))


def sync(path: Path) -> None:
    """Have what a file holds, or the names in a folder, on the disk before going on.

    Raises:
        OSError: If that cannot be done.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_all(file: BufferedReader, max_bytes: int) -> bytes:
    content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"more than {max_bytes} bytes")
    return content


def _check_plain(facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise OSError(errno.EINVAL, "it is no plain file")


def _put_in_place(path: Path, write: Callable[[Path], None], mode: int, *, suffix: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=suffix)
    os.close(handle)
    new = Path(name)
    try:
        write(new)
        new.chmod(mode)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode(errors="surrogateescape"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
