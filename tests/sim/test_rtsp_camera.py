"""The simulated camera, as a process that others read from."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from edgedet.errors import SourceError
from edgedet.sim.clip import load_clip, pattern_clip
from edgedet.sim.rtsp_camera import CameraProcess, main
from tests.source.media import OPEN_S, READ_S, make_source, make_video

TIMEOUT_S = 20.0


def test_clip_is_encoded_once_and_kept(tmp_path: Path) -> None:
    file, cache = make_video(tmp_path / "a.avi", frames=12), tmp_path / "cache"
    first = load_clip(file, cache)
    (kept,) = cache.iterdir()
    written_ns = kept.stat().st_mtime_ns
    assert load_clip(file, cache) == first
    assert kept.stat().st_mtime_ns == written_ns
    assert (len(first.frames), first.fps) == (12, 25.0)


def test_changed_file_is_encoded_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load_clip(make_video(tmp_path / "a.avi", frames=12), cache)
    clip = load_clip(make_video(tmp_path / "a.avi", frames=7), cache)
    assert len(clip.frames) == 7


def test_first_frame_is_a_key_frame_with_its_parameters(tmp_path: Path) -> None:
    clip = pattern_clip("ball", tmp_path, fps=10)
    kinds = {part[0] & 0x1F for part in clip.frames[0].split(b"\x00\x00\x01")[1:] if part}
    assert {5, 7, 8} <= kinds  # H.264: IDR slice, sequence and picture parameter set
    assert len(clip.frames) == 100


@pytest.mark.parametrize("content", [b"no video", b""])
def test_what_is_no_video_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    file, cache = tmp_path / "a.avi", tmp_path / "cache"
    file.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.avi"):
        load_clip(file, cache)
    assert not list(tmp_path.glob("cache/*"))


def test_unknown_pattern_and_missing_file_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = ["--cache-dir", str(tmp_path)]
    assert main(["--pattern", "nope", *cache]) == 1
    assert "no test pattern 'nope'" in capsys.readouterr().err
    assert main([str(tmp_path / "missing.avi"), *cache]) == 1
    assert "is not a file" in capsys.readouterr().err


def test_loop_has_no_seam(tmp_path: Path) -> None:
    file = make_video(tmp_path / "a.avi", frames=15)
    with CameraProcess(str(file), "--port", "0", "--cache-dir", str(tmp_path)) as camera:
        source = make_source(camera.url)
        source.open(OPEN_S)
        times = []
        for _ in range(40):  # more than two rounds
            frame = source.read(READ_S)
            assert frame is not None
            assert frame.info.pts_ns is not None
            times.append(frame.info.pts_ns / 1e9)
            frame.close()
        source.close()
    assert all(after > before for before, after in pairwise(times))
    assert (times[-1] - times[0]) / 39 == pytest.approx(0.04, rel=0.5)  # 25 a second


def test_two_readers_share_one_stream(tmp_path: Path) -> None:
    with CameraProcess("--pattern", "ball", "--port", "0", "--cache-dir", str(tmp_path)) as camera:
        sources = [make_source(camera.url) for _ in range(2)]
        for source in sources:
            source.open(OPEN_S)
        for source in sources:
            frame = source.read(READ_S)
            assert frame is not None
            frame.close()
            source.close()


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
