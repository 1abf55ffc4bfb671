"""Bundles in archives, unpacked so that nothing leaves the folder and nothing fills the disk."""

import lzma
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from edgedet.errors import ModelError
from edgedet.manifest import MANIFEST_FILE

MAX_BYTES = 2 << 30
MAX_FILES = 1000
KEPT_FREE_BYTES = 64 << 20
"""Of the disk; messages and pictures are kept there, too."""
SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")

Member = tuple[str, int, IO[bytes] | None]
"""Name, size and content; a folder has none."""
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,  # a password, or a way of compression that is not known
    ValueError,
    OverflowError,
)


def is_archive(name: str) -> bool:
    """Whether a file of that name is taken for an archive."""
    return name.lower().endswith(SUFFIXES)


def unpack(archive: Path, folder: Path) -> Path:
    """Write the plain files of `archive` below `folder`; where among them the bundle is.

    Links, devices and names that lead outside are refused, not skipped. Nothing is left of an
    archive that is refused.

    Raises:
        ModelError: if it is no archive, holds such a member, too much, or no bundle.
    """
    try:
        _write_members(archive, folder)
        return _bundle_within(archive, folder)
    except ModelError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def check_room(folder: Path, size_bytes: int) -> None:
    """Refuse what would fill the disk of `folder`, on which others write, too.

    Raises:
        ModelError: there is no room.
        OSError: nobody knows how much there is.
    """
    free = shutil.disk_usage(folder).free
    if size_bytes > free - KEPT_FREE_BYTES:
        msg = (
            f"there is no room in {folder} for {size_bytes >> 10} KiB more of a bundle:"
            f" {free >> 20} MiB are free, {KEPT_FREE_BYTES >> 20} of them are kept; make room there"
        )
        raise ModelError(msg)


def _write_members(archive: Path, folder: Path) -> None:
    written = 0
    try:
        members = _zip_members(archive) if archive.name.lower().endswith(".zip") else None
        for count, (name, size, content) in enumerate(members or _tar_members(archive), start=1):
            written += abs(size)  # of a damaged header it may be negative
            if count > MAX_FILES or written > MAX_BYTES:
                msg = (
                    f"{archive} holds more than {MAX_FILES} files or {MAX_BYTES >> 20} MiB; "
                    "expected one model bundle"
                )
                raise ModelError(msg)
            if content is None:
                continue
            target = folder / _safe(archive, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            check_room(folder, size)
            with target.open("xb") as file:
                shutil.copyfileobj(content, file)
                if file.tell() > size:
                    msg = f"{archive}: {name} is larger than the archive says; make it again"
                    raise ModelError(msg)
    except _DAMAGE as exc:
        msg = f"{archive} is not an archive that can be read ({exc}); copy it again"
        raise ModelError(msg) from exc
    except OSError as exc:
        msg = f"cannot unpack {archive} into {folder} ({exc.strerror or exc})"
        raise ModelError(msg) from exc


def _zip_members(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as content:
        for info in content.infolist():
            if info.is_dir():
                yield info.filename, 0, None
                continue
            if (info.external_attr >> 16) & 0o170000 not in (0, 0o100000):
                raise _odd(archive, info.filename)
            with content.open(info) as file:
                yield info.filename, info.file_size, file


def _tar_members(archive: Path) -> Iterator[Member]:
    with tarfile.open(archive) as content:
        for info in content:
            if info.isdir():
                yield info.name, 0, None
                continue
            file = content.extractfile(info) if info.isreg() else None
            if file is None:
                raise _odd(archive, info.name)
            with file:
                yield info.name, info.size, file


def _safe(archive: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts or ":" in path.parts[0]:
        msg = f"{archive}: the member '{name}' leads outside the archive; it is not unpacked"
        raise ModelError(msg)
    return path


def _odd(archive: Path, name: str) -> ModelError:
    return ModelError(f"{archive}: the member '{name}' is a link or a device; expected plain files")


def _bundle_within(archive: Path, folder: Path) -> Path:
    """The one folder with a manifest: the archive's root or the only folder in it."""
    found = sorted(folder.glob(MANIFEST_FILE)) + sorted(folder.glob(f"*/{MANIFEST_FILE}"))
    if len(found) != 1:
        count = "no" if not found else str(len(found))
        msg = f"{archive} holds {count} {MANIFEST_FILE}; expected one, at its root or one folder in"
        raise ModelError(msg)
    return found[0].parent
