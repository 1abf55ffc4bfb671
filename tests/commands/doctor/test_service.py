"""What the doctor says of the installed service, as systemctl tells it."""

import os
from pathlib import Path

import pytest

from edgedet.commands.doctor import Status, service

SOUND = {
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "SubState": "running",
    "NRestarts": "0",
    "Type": "notify",
    "WatchdogUSec": "1min",
    "ExecMainStatus": "0",
}


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A systemctl that prints what is in the file `told`."""
    tool = tmp_path / "systemctl"
    tool.write_text(f"#!/bin/sh\ncat {tmp_path}/told\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(service, "_SYSTEMD", tmp_path)
    return tmp_path / "told"


def _examine(told: Path, **changes: str) -> list[tuple[Status, str]]:
    told.write_text("".join(f"{key}={value}\n" for key, value in (SOUND | changes).items()))
    return [(check.status, check.detail) for check in service.examine(service.properties())]


def test_a_sound_service(systemd: Path) -> None:
    assert _examine(systemd) == [(Status.PASS, "active (running)")]
    assert service.is_running(service.properties())


def test_what_is_wrong_is_told(systemd: Path) -> None:
    assert _examine(systemd, UnitFileState="disabled")[0][0] is Status.WARN
    assert _examine(systemd, NRestarts="7") == [
        (Status.WARN, "active (running), started again 7 times")
    ]
    assert _examine(systemd, WatchdogUSec="0")[-1][0] is Status.WARN
    assert _examine(systemd, ActiveState="reloading", SubState="reload-notify")[0][0] is Status.PASS
    assert service.is_running(service.properties())
    broken = _examine(systemd, ActiveState="failed", SubState="failed", ExecMainStatus="1")
    assert broken == [(Status.FAIL, "failed (failed), exit code 1")]
    assert not service.is_running(service.properties())


def test_not_installed_is_not_an_error(systemd: Path) -> None:
    assert _examine(systemd, LoadState="not-found") == []
    systemd.parent.joinpath("systemctl").unlink()
    assert not service.is_running(service.properties())
