"""What is at a path, told in words: a name that is too long or a closed folder raises nothing."""

import stat
from pathlib import Path

MAX_PATH_BYTES = 1024
"""Linux takes 4095; what is kept below a folder needs room for its own names."""
NOT_THERE = "is not there"
_MAX_NAME_BYTES = 255  # of Linux, and of each file system in use with it


def problem_of_path(path: Path) -> str:
    """Why nothing can ever be at `path`; empty if something can."""
    if "\0" in str(path):
        return "a path cannot hold a NUL character"
    length = len(_bytes(str(path)))
    if length > MAX_PATH_BYTES:
        return f"the path has {length} bytes; expected at most {MAX_PATH_BYTES}"
    longest = max((len(_bytes(part)) for part in path.parts), default=0)
    if longest > _MAX_NAME_BYTES:
        return f"a name in the path has {longest} bytes; expected at most {_MAX_NAME_BYTES}"
    return ""


def problem_of_file(path: Path) -> str:
    """Why `path` is no file to read, as in "is not there"; empty if it is one."""
    mode = _mode(path)
    if isinstance(mode, str):
        return mode
    if stat.S_ISREG(mode):
        return ""
    return "is a folder" if stat.S_ISDIR(mode) else "is no regular file"


def problem_of_folder(path: Path) -> str:
    """Why `path` is no folder, as in "is not there"; empty if it is one."""
    mode = _mode(path)
    if isinstance(mode, str):
        return mode
    return "" if stat.S_ISDIR(mode) else "is no folder"


def is_there(path: Path) -> bool:
    """Whether something is at `path`, as far as we may look."""
    return isinstance(_mode(path), int)


def in_the_way(folder: Path) -> Path | None:
    """What keeps `folder` from ever being one: itself or a parent, which is something else.

    What is not there can be made, and what we may not look at is none of our business: None.
    """
    for place in (folder, *folder.parents):
        mode = _mode(place)
        if isinstance(mode, int):
            return None if stat.S_ISDIR(mode) else place
    return None


def _mode(path: Path) -> int | str:
    """The mode of what is at `path`, or why there is none."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return NOT_THERE
    except (OSError, ValueError) as exc:  # ValueError: a NUL in it
        return f"cannot be looked at ({getattr(exc, 'strerror', None) or exc})"


def _bytes(text: str) -> bytes:
    """As the file system has it; half a character counts as one byte."""
    return text.encode(errors="replace")
