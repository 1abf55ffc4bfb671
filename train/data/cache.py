"""What was read from many files before, so that the next run need not read them again.

A table maps a file to what was read from it, and is trusted only while size, modification and
change time of the file are the same. It is a `.npz` of plain arrays: reading one never runs code,
and a damaged one (each array has a checksum) is dropped.
"""

import hashlib
import json
import logging
import os
import struct
import time
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.files import write_atomically

logger = logging.getLogger(__name__)

FOLDER = ".edgedet-cache"
_VERSION = 1
# a file changed this shortly before it was read may change again within its time stamp's tick
_SETTLED_NS = 2_000_000_000

# everything that reading a damaged .npz was seen to raise
_DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    RuntimeError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

Stamp = tuple[int, int, int]
"""Size in bytes, modification and change time in ns."""


def cache_folder(data_yaml: Path) -> Path | None:
    """Where caches of a set belong, made if need be; None if nothing can be written anywhere.

    Beside `data.yaml`, or in the user's cache folder where that may not be written.
    """
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    place = hashlib.sha256(os.fsencode(data_yaml.parent.absolute())).hexdigest()[:16]
    for folder in (data_yaml.parent / FOLDER, Path(home) / "edgedet" / place):
        if _made(folder):
            return folder
    logger.warning(
        "no cache for %s: neither its folder nor %s can be written; every run reads all files",
        data_yaml,
        home,
    )
    return None


def stamp_of(path: str | Path) -> Stamp | None:
    """What identifies a file's content without reading it; None if there is no such file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a third faster than Path.stat, for 100 000 files
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


class FileTable:
    """Arrays read from files, by path: `get` those that are still true, `put` new ones, `save`.

    Every array has the same dtype and all but its first dimension in common with `shape`.
    """

    def __init__(
        self, folder: Path | None, name: str, shape: tuple[int, ...], dtype: type[np.generic]
    ) -> None:
        """Read `folder/name.npz` if it is there and sound; `folder` None keeps nothing."""
        self._file = None if folder is None else folder / f"{name}.npz"
        self._shape = shape
        self._dtype = np.dtype(dtype)
        self._meta = json.dumps([_VERSION, name, list(shape), self._dtype.str])
        self._old: dict[str, tuple[Stamp, int, int]] = {}
        self._data: NDArray[np.generic] = np.zeros((0, *shape), self._dtype)
        self._new: dict[str, tuple[Stamp, NDArray[np.generic]]] = {}
        self._used: dict[str, None] = {}
        if self._file is not None and self._file.is_file():
            self._load(self._file)

    def get(self, path: str, stamp: Stamp) -> NDArray[np.generic] | None:
        """What was read from `path` when it had this stamp; treat it as read-only."""
        self._used[path] = None
        found = self._old.get(path)
        if found is None or found[0] != stamp:
            return None
        return self._data[found[1] : found[2]]

    def put(self, path: str, stamp: Stamp, array: NDArray[np.generic]) -> None:
        """Keep what was read from `path`, unless it was written just now and may change unseen."""
        if stamp[1] < time.time_ns() - _SETTLED_NS:
            self._new[path] = stamp, array

    def save(self) -> None:
        """Write what was asked for since the table was made, if something is new."""
        if self._file is None or not self._new:
            return
        kept = [(path, *self._entry(path)) for path in self._used if self._is_known(path)]
        arrays = [array for _, _, array in kept]
        paths = b"\0".join(os.fsencode(path) for path, _, _ in kept)
        content: dict[str, NDArray[np.generic]] = {
            "meta": np.frombuffer(self._meta.encode(), dtype=np.uint8),
            "paths": np.frombuffer(paths, dtype=np.uint8),
            "stamps": np.array([stamp for _, stamp, _ in kept], dtype=np.int64).reshape(-1, 3),
            "ends": np.cumsum([len(array) for array in arrays], dtype=np.int64),
            "data": np.concatenate([self._data[:0], *arrays]),
        }
        try:
            write_atomically(self._file, lambda new: _save(new, content))
        except OSError as exc:
            logger.warning("cache %s is not written: %s", self._file, exc)

    def _is_known(self, path: str) -> bool:
        return path in self._new or path in self._old

    def _entry(self, path: str) -> tuple[Stamp, NDArray[np.generic]]:
        if path in self._new:
            return self._new[path]
        stamp, start, end = self._old[path]
        return stamp, self._data[start:end]

    def _load(self, file: Path) -> None:
        try:
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
                meta, paths, stamps, ends, data = (
                    content[key] for key in ("meta", "paths", "stamps", "ends", "data")
                )
        except _DAMAGED as exc:
            logger.warning("cache %s is damaged and made anew: %s", file, exc)
            return
        if bytes(meta) != self._meta.encode():
            return
        names = [os.fsdecode(path) for path in bytes(paths).split(b"\0")] if len(ends) else []
        fits = data.dtype == self._dtype and data.shape[1:] == self._shape
        if not fits or not len(names) == len(stamps) == len(ends):
            logger.warning("cache %s does not fit together and is made anew", file)
            return
        starts = [0, *ends.tolist()]
        rows = zip(names, stamps.tolist(), starts, ends.tolist(), strict=False)
        self._old = {name: ((s[0], s[1], s[2]), start, end) for name, s, start, end in rows}
        self._data = data


def _made(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        note = folder / ".gitignore"
        if not note.exists():
            note.write_text("*\n", encoding="utf-8")
        return os.access(folder, os.W_OK | os.X_OK)
    return False


def _save(file: Path, content: dict[str, NDArray[np.generic]]) -> None:
    with file.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **content)
