"""The simulated camera as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgedet.errors import SourceError
from edgedet.sim.rtsp_camera import CameraProcess, main

TIMEOUT_S = 20.0


def test_unknown_pattern_and_missing_file_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = ["--cache-dir", str(tmp_path)]
    assert main(["--pattern", "nope", *cache]) == 1
    assert "no test pattern 'nope'" in capsys.readouterr().err
    assert main([str(tmp_path / "missing.avi"), *cache]) == 1
    assert "is not a file" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    camera = CameraProcess("--pattern", "ball", "--port", "0", "--cache-dir", str(tmp_path))
    os.kill(camera.pid, number)
    assert camera.wait(TIMEOUT_S) == 0
    assert camera.stop() == 0


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import os\n"
        "from edgedet.sim.rtsp_camera import CameraProcess\n"
        f"cache = {str(tmp_path)!r}\n"
        "camera = CameraProcess('--pattern', 'ball', '--port', '0', '--cache-dir', cache)\n"
        "print(camera.pid, flush=True)\n"
        "os._exit(1)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    pid, end_s = int(parent.stdout), time.monotonic() + TIMEOUT_S
    while _is_running(pid) and time.monotonic() < end_s:
        time.sleep(0.02)
    assert not _is_running(pid)


def test_taken_port_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with CameraProcess("--pattern", "ball", "--port", "0", "--cache-dir", str(tmp_path)) as camera:
        port = camera.url.split(":")[2].split("/")[0]
        with pytest.raises(SourceError, match="ended with 1"):
            CameraProcess("--pattern", "ball", "--port", port, "--cache-dir", str(tmp_path))
    assert f"127.0.0.1:{port}" in capfd.readouterr().err


def _is_running(pid: int) -> bool:
    """Whether the process exists and is not only waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
