"""A disk that is full to order."""

import shutil
import subprocess
from pathlib import Path

import pytest

from edgedet.errors import SimError
from edgedet.sim.disk import SmallDisk
from tests.small_disks import small_disk


def test_is_filled_to_the_last_byte_and_freed(tmp_path: Path) -> None:
    with small_disk(tmp_path / "d", 1) as disk:
        (disk.folder / "kept").write_bytes(b"x" * 5000)
        disk.fill()
        assert shutil.disk_usage(disk.folder).free == 0
        disk.fill()
        disk.free()
        disk.free()
        assert shutil.disk_usage(disk.folder).free > 500_000
        assert (disk.folder / "kept").read_bytes() == b"x" * 5000
        disk.stop()  # and once more at the end
    assert list(disk.folder.iterdir()) == []


def test_that_it_may_not_be_mounted_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "mount"
    refusing.write_text("#!/bin/sh\necho only root may >&2\nexit 32\n")
    refusing.chmod(0o755)
    run = subprocess.run

    def refuse(command: list[str], **more: bool) -> object:
        return run([str(refusing), *command[1:]], **more)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(SimError, match=r"only root may.*needs root"):
        SmallDisk(tmp_path / "d", 1).start()
