"""Decoded pictures in a folder, for sets that do not fit into memory.

A file's name is the digest of the picture file and the size it was reduced to, so a changed picture
never meets an old decoding. Files are `.npy`, mapped into memory: workers share the system's cache.
"""

import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.files import write_atomically

logger = logging.getLogger(__name__)

FOLDER = "pictures-1"  # the number is that of the form
_RESERVE_BYTES = 512 << 20  # of the disk, left free for checkpoints


class DiskPictures:
    """Pictures of a data set by index; `read` gives None for those that are not there."""

    def __init__(self, folder: Path, keys: list[bytes], max_side: int, limit_bytes: int) -> None:
        """Use `folder`, where all pictures together may take `limit_bytes`; `keys` are digests."""
        self._folder = folder / FOLDER
        self._names = [f"{key.hex()[:40]}-{max_side}.npy" for key in keys]
        self._limit_bytes = limit_bytes
        self._sizes = _sizes_in(self._folder)
        self._spare = self._not_ours()
        self._used_bytes = sum(self._sizes.values())

    def missing(self) -> list[int]:
        """Indices of the pictures that are not there yet."""
        return [index for index, name in enumerate(self._names) if name not in self._sizes]

    def read(self, index: int) -> NDArray[np.uint8] | None:
        """Picture (H, W, 3), mapped and read-only; None if it is not there or damaged."""
        path = self._path(self._names[index])
        try:
            image = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError) as exc:
            logger.warning("cached picture %s is damaged and dropped: %s", path, exc)
            with suppress(OSError):
                path.unlink()
            return None
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            return None
        return np.asarray(image)

    def write(self, index: int, image_hwc: NDArray[np.uint8]) -> bool:
        """Keep a picture; False, and a warning, if the disk or the limit has no room for it."""
        name = self._names[index]
        if name in self._sizes:
            return True  # the same picture twice in the set
        path = self._path(name)
        needed = image_hwc.nbytes + 128
        try:
            if not self._has_room(needed):
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, lambda new: np.save(new, image_hwc, allow_pickle=False))
        except OSError as exc:
            logger.warning("decoded pictures are not kept any more: %s: %s", path.parent, exc)
            return False
        self._sizes[name] = needed
        self._used_bytes += needed
        return True

    def _has_room(self, needed_bytes: int) -> bool:
        """Whether a picture may be written; files of other runs, the oldest first, make way."""
        while self._used_bytes + needed_bytes > self._limit_bytes and self._spare:
            name = self._spare.pop()
            self._path(name).unlink(missing_ok=True)
            self._used_bytes -= self._sizes.pop(name)
        if self._used_bytes + needed_bytes > self._limit_bytes:
            return False
        self._folder.mkdir(parents=True, exist_ok=True)
        free_bytes = shutil.disk_usage(self._folder).free
        if free_bytes - needed_bytes < _RESERVE_BYTES:
            logger.warning(
                "decoded pictures are not kept any more: %s has %d MiB left",
                self._folder,
                free_bytes >> 20,
            )
            return False
        return True

    def _not_ours(self) -> list[str]:
        """Files of other sets and sizes, the one to go first at the end."""
        ours = set(self._names)
        others = [name for name in self._sizes if name not in ours]
        return sorted(others, key=lambda name: -_written_ns(self._path(name)))

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def _sizes_in(folder: Path) -> dict[str, int]:
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".npy") and not name.startswith("."):
                with suppress(OSError):
                    found[name] = Path(place, name).stat().st_size
    return found


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
