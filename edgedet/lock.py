"""Locks between processes, which end with the process that holds them."""

import errno
import fcntl
import os
import stat
import weakref
from pathlib import Path


class FileLock:
    """The right of one process to what a lock file stands for, until `release`, however it ends."""

    def __init__(self, path: Path) -> None:
        """Take it; the file is made if it is not there, and its content is of no interest.

        Raises:
            BlockingIOError: Another process, or another lock of this one, has it.
            OSError: The file cannot be opened for writing, or is none: who locks a device meets
                everybody else who does.
        """
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
        # also when nobody releases it, as an application may be made and never started
        self._close = weakref.finalize(self, os.close, handle)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "it is no plain file")  # noqa: TRY301 - it is open
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        """Let others have it; may be called twice."""
        self._close()
