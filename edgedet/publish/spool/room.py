"""How much of its disk a spool may take: less than its limit where the disk has less."""

import shutil
from pathlib import Path

_RESERVE_BYTES = 8 * 1024 * 1024
_RESERVE_SHARE = 4  # of a small disk, a fourth
_JOURNAL_SHARE = 64
_PAGE_BYTES = 4096  # SQLite's own
_LEAST_PAGES, _MOST_PAGES = 32, 1000  # the most is what SQLite does by itself


class Room:
    """Lets a spool grow until the disk is nearly full, and then no further.

    What is new must then take the place of what is oldest. A spool that filled its disk to the last
    byte could not even give up a message, for a removal is written down before it is done.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Keep to `max_bytes` in any case."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._settled_bytes: int | None = None  # when there was room enough

    def limit(self, used_bytes: int) -> int:
        """The most bytes that may be used now, by a spool that uses `used_bytes`."""
        try:
            disk = shutil.disk_usage(self._folder)
        except OSError:
            return self._max_bytes
        if disk.free >= min(_RESERVE_BYTES, disk.total // _RESERVE_SHARE):
            self._settled_bytes = used_bytes
        elif self._settled_bytes is None:
            self._settled_bytes = used_bytes + disk.free // 2
        return min(self._max_bytes, self._settled_bytes)


def journal_pages(folder: Path) -> int:
    """The pages after which SQLite should move its write-ahead log into the file.

    A small disk cannot hold every message twice.
    """
    try:
        total = shutil.disk_usage(folder).total
    except OSError:
        return _MOST_PAGES
    return max(_LEAST_PAGES, min(_MOST_PAGES, total // _JOURNAL_SHARE // _PAGE_BYTES))
