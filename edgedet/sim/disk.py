"""A small disk of its own for the runtime's state, which can be filled to the last byte."""

import errno
import subprocess
from io import RawIOBase
from pathlib import Path

from edgedet.errors import SimError

_BLOCK = bytes(65_536)
_BALLOON = "balloon"


class SmallDisk:
    """A file system in memory, mounted at `folder`. Needs the right to mount: root, mostly."""

    def __init__(self, folder: Path, size_mb: int) -> None:
        """Prepare; `start` mounts it."""
        self.folder = folder
        self._size_mb = size_mb
        self._is_mounted = False

    def start(self) -> None:
        """Mount it.

        Raises:
            SimError: if that may not be done here.
        """
        self.folder.mkdir(parents=True)
        options = f"size={self._size_mb}m"
        command = ["mount", "-t", "tmpfs", "-o", options, "edgedet-sim", str(self.folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        except OSError as exc:
            msg = f"cannot mount a small disk ({exc.strerror}); expected the program `mount`"
            raise SimError(msg) from exc
        if done.returncode:
            said = " ".join(done.stderr.split())
            msg = f"cannot mount a small disk ({said}); the section `disk` needs root"
            raise SimError(msg)
        self._is_mounted = True

    def fill(self) -> None:
        """Leave not a byte free."""
        with (self.folder / _BALLOON).open("ab", buffering=0) as balloon:
            for size in (len(_BLOCK), 512, 1):
                while _has_room(balloon, _BLOCK[:size]):
                    pass

    def free(self) -> None:
        """Give back what `fill` took."""
        (self.folder / _BALLOON).unlink(missing_ok=True)

    def stop(self) -> None:
        """Unmount it, with all that it holds; may be called twice."""
        if self._is_mounted:
            self._is_mounted = False
            subprocess.run(["umount", "-l", str(self.folder)], check=False)  # noqa: S603, S607


def _has_room(file: RawIOBase, block: bytes) -> bool:
    """Write `block`; False when the disk is full."""
    try:
        return bool(file.write(block))
    except OSError as exc:
        if exc.errno != errno.ENOSPC:
            raise
        return False
