"""A small disk of its own for a test, to be filled."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgedet.errors import SimError
from edgedet.sim.disk import SmallDisk


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[SmallDisk]:
    """A disk of so many megabytes at `folder`; the test is skipped where none can be mounted."""
    disk = SmallDisk(folder, size_mb)
    try:
        disk.start()
    except SimError as exc:
        pytest.skip(str(exc))
    try:
        yield disk
    finally:
        disk.stop()
