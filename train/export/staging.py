"""What is exported appears whole, or not at all: it is written beside its place, then moved."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgedet.errors import ModelError
from edgedet.manifest import (
    GOLDEN_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    REPORT_FILE,
    WEIGHTS_FILE,
    read_bundle,
)

_KNOWN = frozenset({MANIFEST_FILE, MODEL_FILE, WEIGHTS_FILE, REPORT_FILE, GOLDEN_FILE})


def check_target(out: Path) -> None:
    """See that a bundle may be written to `out`: nothing there, a bundle, or a model card alone.

    Raises:
        ModelError: If something else is there.
    """
    if not out.exists() or (out / MANIFEST_FILE).is_file():
        return
    if not out.is_dir() or any(path.name != "MODEL_CARD.md" for path in out.iterdir()):
        msg = f"'{out}' is there and is no model bundle; choose another folder, or empty it"
        raise ModelError(msg)


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A new folder that takes the place of `out` at the end; after an error `out` is as it was.

    Files of `out` that no manifest names (a model card) are kept.

    Raises:
        ModelError: If `out` holds something else than a bundle.
    """
    check_target(out)
    with replacing(out) as folder:
        yield folder
        _keep_own_files(out, folder)


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A new folder that takes the place of `out` at the end; after an error `out` is as it was."""
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-"))
    try:
        folder.chmod(0o755)
        yield folder
        _swap(folder, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def files_below(folder: Path) -> list[str]:
    """Paths of all files in a folder, relative to it, sorted."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found)


def _keep_own_files(out: Path, folder: Path) -> None:
    """Copy into `folder` the files of `out` that no manifest names."""
    known = set(_KNOWN)
    if (out / MANIFEST_FILE).is_file():
        known |= _listed(out)
    for path in files_below(out):
        if path not in known and not (folder / path).exists():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(out / path, folder / path)


def _swap(folder: Path, out: Path) -> None:
    """Put `folder` in the place of `out`."""
    if not out.exists():
        folder.rename(out)
        return
    old = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-old-"))
    out.rename(old / out.name)
    folder.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _listed(out: Path) -> set[str]:
    try:
        return {entry.path for entry in read_bundle(out).manifest.files}
    except ModelError:  # a damaged manifest: it names nothing that could be trusted
        return set()
