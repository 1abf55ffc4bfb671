"""What the doctor says of the machine."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from edgedet.commands.doctor import Status, system
from tests.runs import tiny_settings


def _disk(tmp_path: Path, state_dir: Path) -> tuple[Status, str]:
    settings = tiny_settings(tmp_path, state_dir=str(state_dir))
    check = next(check for check in system.examine(settings) if check.name == "disk")
    return check.status, check.fix


def test_a_folder_that_is_there_and_one_that_is_not(tmp_path: Path) -> None:
    assert _disk(tmp_path, tmp_path) == (Status.PASS, "")
    status, fix = _disk(tmp_path, tmp_path / "nowhere")
    assert status is Status.WARN
    assert fix == f"`mkdir -p {tmp_path}/nowhere`"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    assert _disk(tmp_path, folder)[0] is Status.FAIL


@pytest.mark.parametrize(
    ("state", "status"),
    [("synced", Status.PASS), ("unsynced", Status.WARN), ("unknown", Status.WARN)],
)
def test_the_clock(monkeypatch: pytest.MonkeyPatch, state: str, status: Status) -> None:
    monkeypatch.setattr(system, "read_clock_state", lambda: state)
    check = next(check for check in system.examine(None) if check.name == "clock")
    assert check.status is status


def test_the_power_mode_of_a_jetson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvpmodel"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for told, status in (("MAXN", Status.PASS), ("15W", Status.WARN)):
        tool.write_text(f"#!/bin/sh\necho 'NV Power Mode: {told}'\n")
        tool.chmod(0o755)
        check = next(check for check in system.examine(None) if check.name == "power mode")
        assert (check.status, check.detail) == (status, f"NV Power Mode: {told}")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_settings: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    status, fix = _disk(tmp_path, tmp_path)
    assert status is Status.FAIL
    assert "make room" in fix


def test_a_file_where_the_state_belongs(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert _disk(tmp_path, tmp_path / "file") == (Status.FAIL, "choose another state_dir")
    assert _disk(tmp_path, tmp_path / "file" / "a") == (Status.FAIL, "choose another state_dir")
