"""Installed bundles that go: as a whole in one step, then file by file."""

import logging
import shutil
from pathlib import Path

from edgedet.files import sync

logger = logging.getLogger(__name__)

_GONE = "gone-"


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
