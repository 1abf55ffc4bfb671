"""What may lie where a plain file is expected."""

import os
import socket
from pathlib import Path

ODD = ("pipe", "endless", "always full", "folder", "socket", "loop", "huge")
_HUGE_BYTES = 1 << 40


def put_odd(path: Path, kind: str) -> Path:
    """Put it at `path`, which is not there; none of it takes room on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
        (path / "file").touch()
    elif kind == "socket":
        _put_socket(path)
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(_HUGE_BYTES)
    else:
        targets = {"endless": Path("/dev/zero"), "always full": Path("/dev/full"), "loop": path}
        path.symlink_to(targets[kind])
    return path


def _put_socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)  # an address has 107 bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
