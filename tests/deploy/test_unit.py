"""The unit file: systemd's own tools find no fault with it, and little that it leaves open."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "edgedet.service"
MAX_EXPOSURE = 2.5

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@needs_systemd
def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    text = UNIT.read_text().replace("/opt/edgedet/current/bin/edgedet", "/bin/true")
    copy = tmp_path / "edgedet.service"
    copy.write_text(text)
    result = _analyze("verify", "--man=no", str(copy))
    assert result.stderr == ""
    assert result.returncode == 0


@needs_systemd
def test_leaves_little_open() -> None:
    threshold = f"--threshold={MAX_EXPOSURE * 10:.0f}"
    result = _analyze("security", "--offline=true", "--no-pager", threshold, str(UNIT))
    assert result.returncode == 0, result.stdout[-200:]


def test_is_watched_and_starts_again_but_not_for_ever() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read_string(UNIT.read_text())
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) >= 10
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == "2"
    assert int(unit["Unit"]["StartLimitBurst"]) > 0
    assert service["User"] == "edgedet"
