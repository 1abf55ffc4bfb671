"""Writing checkpoints where there is trouble: the old file stays, nothing else is left."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.errors import ModelError
from train.model import build_model, read_checkpoint
from train.model.saving import CheckpointContent, save_checkpoint

CONTENT = CheckpointContent(("thing",))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for one checkpoint, not for two."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=36m", "tmpfs", str(place)]
    if (
        sys.platform != "linux"
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("no file system of a given size can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_the_old_file_stays(small_disk: Path) -> None:
    model, path = build_model("yolov7-tiny", 1), small_disk / "last.pt"
    save_checkpoint(path, model, CONTENT)
    before = path.read_bytes()

    with pytest.raises(
        ModelError, match=r"cannot write .*last\.pt: the disk is full \(\d+ MB free"
    ):
        save_checkpoint(path, model, CONTENT)
    assert path.read_bytes() == before
    assert [each.name for each in small_disk.iterdir()] == ["last.pt"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".last.pt.4711.tmp"
    left.write_bytes(b"half a checkpoint")
    other = tmp_path / ".best.pt.4711.tmp"
    other.write_bytes(b"of another file")
    save_checkpoint(tmp_path / "last.pt", build_model("yolov7-tiny", 1), CONTENT)

    assert not left.exists()
    assert other.exists()
    assert read_checkpoint(tmp_path / "last.pt").info.names == ("thing",)


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot write .*: No such file or directory"):
        save_checkpoint(tmp_path / "gone" / "last.pt", build_model("yolov7-tiny", 1), CONTENT)
