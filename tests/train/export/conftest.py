"""Bundles of random networks, exported once for all tests of a process."""

from pathlib import Path

import pytest

from edgedet.manifest import Bundle
from tests.train.export.lively import lively_checkpoint
from train.export.bundle import export_bundle


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of one class."""
    return lively_checkpoint(tmp_path_factory.mktemp("checkpoint") / "one.pt")


@pytest.fixture(scope="session")
def bundle(checkpoint: Path) -> Bundle:
    """Its bundle, for pictures of 64 x 96."""
    out = checkpoint.parent / "bundle"
    return export_bundle(checkpoint, out, name="one", version="1.0", image_size=(64, 96))
