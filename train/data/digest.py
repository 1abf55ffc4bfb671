"""What a set is, as numbers: the digest of each picture, and the id of the whole."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError
from train.data.cache import FileTable, stamp_of

_DIGEST_BYTES = 32
_BLOCK_BYTES = 1 << 20
_THREADS = 4  # hashing lets go of the interpreter's lock; more than this waits for the disk


def picture_digests(paths: Sequence[Path], folder: Path | None, name: str) -> list[bytes]:
    """SHA-256 of each file, from the table `name` in `folder` where it is unchanged.

    Raises:
        DataError: if a file cannot be read.
    """
    table = FileTable(folder, f"digests-{name}", (_DIGEST_BYTES,), np.uint8)
    found = _through(table, paths, _hashed)
    gone = next((path for path, digest in zip(paths, found, strict=True) if not digest), None)
    if gone is not None:
        msg = f"picture {gone} is not there any more"
        raise DataError(msg)
    return found


def label_texts(paths: Sequence[Path], folder: Path | None, name: str) -> list[bytes]:
    """The bytes of each file, empty where there is none; kept in a table like the digests.

    Raises:
        DataError: if a file cannot be read.
    """
    table = FileTable(folder, f"texts-{name}", (), np.uint8)
    return _through(table, paths, _bytes_of)


def set_id(
    class_names: Sequence[str], splits: Iterable[tuple[str, list[tuple[str, bytes, bytes]]]]
) -> str:
    """The id of a set, 64 hexadecimal digits: SHA-256 over names, splits, pictures and labels.

    `splits` are given in order of their names; a picture is its file name, the SHA-256 of its
    bytes, and the bytes of its label file. Where the set lies, and in which folders, is no part of
    it.
    """
    total = hashlib.sha256("\n".join(class_names).encode())
    for split, pictures in splits:
        for file_name, digest, labels in sorted(pictures):
            total.update(f"\n{split}/".encode() + os.fsencode(file_name) + b"\n")
            total.update(digest)
            total.update(labels)
    return total.hexdigest()


def _hashed(path: str) -> NDArray[np.uint8]:
    with open(path, "rb") as file:  # noqa: PTH123 - a path is made for each of 100 000 files
        digest = hashlib.sha256()
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return np.frombuffer(digest.digest(), dtype=np.uint8).reshape(1, _DIGEST_BYTES)


def _bytes_of(path: str) -> NDArray[np.uint8]:
    with open(path, "rb") as file:  # noqa: PTH123
        return np.frombuffer(file.read(), dtype=np.uint8)


def _through(
    table: FileTable, paths: Sequence[Path], read: Callable[[str], NDArray[np.uint8]]
) -> list[bytes]:
    """What `read` gives for each path, empty for a missing file; read only where it is new."""
    names = [str(path) for path in paths]
    stamps = [stamp_of(name) for name in names]
    kept = [
        None if stamp is None else table.get(name, stamp)
        for name, stamp in zip(names, stamps, strict=True)
    ]
    missing = [
        index for index, stamp in enumerate(stamps) if stamp is not None and kept[index] is None
    ]
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            fresh = list(pool.map(lambda index: read(names[index]), missing))
        except OSError as exc:
            msg = f"cannot read {exc.filename}: {exc.strerror}"
            raise DataError(msg) from exc
    for index, array in zip(missing, fresh, strict=True):
        stamp = stamps[index]
        if stamp is not None:
            table.put(names[index], stamp, array)
            kept[index] = array
    table.save()
    return [b"" if array is None else array.tobytes() for array in kept]
