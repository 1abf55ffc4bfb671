"""The installer: what it refuses, and a whole life in a Debian of its own."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLER = ROOT / "deploy" / "install.sh"


def _install(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [INSTALLER, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_help_shows_every_action_and_option() -> None:
    result = _install("--help")
    assert result.returncode == 0
    for word in ("rollback", "uninstall", "--purge", "--config", "--wheels", "--no-start"):
        assert word in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--colour",), "install: there is no option --colour; see --help"),
        (("--config",), "install: --config: a value is missing; see --help"),
        (("reinstall",), "install: there is no option reinstall; see --help"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], message: str) -> None:
    result = _install(*arguments)
    assert (result.returncode, result.stderr.strip()) == (2, message)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gets past the first check")
def test_a_configuration_that_is_not_there_is_told_before_anything_happens() -> None:
    result = _install("--config", "/nowhere/edgedet.yaml", "--no-packages", "--no-start")
    assert (result.returncode, result.stderr.strip()) == (
        1,
        "install: there is no file /nowhere/edgedet.yaml",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gets past the first check")
def test_two_at_once_are_refused() -> None:
    with Path("/run/edgedet-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = _install("rollback")
    assert (result.returncode, result.stderr.strip()) == (
        1,
        "install: another install.sh is at work here; try again when it is done",
    )


@pytest.fixture
def debian() -> Iterator[Path]:
    """A bare Debian 12 with this checkout in /src; EDGEDET_TEST_CHROOT names one that is there."""
    given = os.environ.get("EDGEDET_TEST_CHROOT")
    if given is None:
        pytest.skip("EDGEDET_TEST_CHROOT names no bare Debian")
    root = Path(given)
    shutil.rmtree(root / "src", ignore_errors=True)
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.split(b"\0")
    for name in files:
        if name:
            target = root / "src" / os.fsdecode(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / os.fsdecode(name), target)
    yield root
    _in(root, "/src/deploy/install.sh", "uninstall", "--purge")


def _in(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["chroot", str(root), *command], capture_output=True, text=True, timeout=900, check=False
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_installs_twice_goes_back_and_leaves_nothing(debian: Path) -> None:
    first = _in(debian, "/src/deploy/install.sh", "--no-start")
    assert first.returncode == 0, first.stderr
    current = debian / "opt/edgedet/current"
    release = current.readlink()
    assert _in(debian, "edgedet", "check", "/etc/edgedet/edgedet.yaml").returncode == 0

    secret = debian / "etc/edgedet/credentials/mqtt.password"
    secret.write_text("x")
    (secret.parent / "no name of a credential").write_text("x")
    again = _in(debian, "/src/deploy/install.sh", "--no-start")
    assert again.returncode == 0, again.stderr
    assert "is in place" in again.stderr
    assert "left out: /etc/edgedet/credentials/no name of a credential" in again.stderr
    drop_in = debian / "etc/systemd/system/edgedet.service.d/credentials.conf"
    assert "LoadCredential=mqtt.password:/etc/edgedet/credentials/mqtt.password" in (
        drop_in.read_text().splitlines()
    )

    (debian / "src/edgedet/__init__.py").write_text('__version__ = "9"\n')
    newer = _in(debian, "/src/deploy/install.sh", "--no-start", "--no-packages")
    assert newer.returncode == 0, newer.stderr
    assert current.readlink() != release
    assert _in(debian, "/src/deploy/install.sh", "rollback").returncode == 0
    assert current.readlink() == release

    assert _in(debian, "/src/deploy/install.sh", "uninstall").returncode == 0
    assert not (debian / "opt/edgedet").exists()
    assert secret.exists()
    assert _in(debian, "/src/deploy/install.sh", "uninstall", "--purge").returncode == 0
    assert not secret.exists()
    assert not (debian / "var/lib/edgedet").exists()
