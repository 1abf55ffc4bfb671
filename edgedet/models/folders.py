"""The folders of installed bundles: each comes as a whole, and goes as a whole."""

import logging
import shutil
from pathlib import Path

from edgedet.files import sync
from edgedet.manifest import Bundle, read_bundle, verify_bundle
from edgedet.models.fetch import SIGNATURE_FILE

logger = logging.getLogger(__name__)

_GONE = "gone-"


def put_whole(bundle: Bundle, target: Path, incoming: Path) -> None:
    """Copy a bundle to the new folder `target`; a power cut leaves it whole, or not installed.

    `incoming`, on the same disk, has it until it is written out and verified.

    Raises:
        OSError: it cannot be written; nothing of it is left.
        ModelError: what was written differs from the manifest.
    """
    copy = incoming / f"copy-{target.name}"
    try:
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True)
        names = [entry.path for entry in bundle.manifest.files]
        for name in (*names, "manifest.json", SIGNATURE_FILE):
            if (bundle.folder / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(bundle.folder / name, copy / name)
        verify_bundle(read_bundle(copy))  # what was written is what is used, not what was read
        _write_out(copy)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy.rename(target)
        _write_out(target.parent)
    except OSError:
        shutil.rmtree(copy, ignore_errors=True)
        raise


def remove_whole(bundle: Path, incoming: Path) -> None:
    """Remove the folder of an installed bundle; a power cut leaves it whole, or not installed.

    `incoming`, on the same disk, has it while its files go; what stays there, `sweep` removes.

    Raises:
        OSError: it cannot be moved; it is whole.
    """
    incoming.mkdir(parents=True, exist_ok=True)
    grave = incoming / f"{_GONE}{bundle.name}"
    shutil.rmtree(grave, ignore_errors=True)
    bundle.rename(grave)
    sync(incoming)
    sync(bundle.parent)  # before the first file goes
    shutil.rmtree(grave, ignore_errors=True)


def sweep(incoming: Path) -> None:
    """Remove what a removal left that was cut off."""
    for grave in incoming.glob(f"{_GONE}*"):
        shutil.rmtree(grave, ignore_errors=True)
        if grave.exists():
            logger.warning("cannot remove %s; it takes room on the disk", grave)


def _write_out(folder: Path) -> None:
    """Have everything below `folder` written to the disk, names included."""
    for path in (*folder.rglob("*"), folder):
        sync(path)
