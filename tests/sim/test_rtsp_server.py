"""The stream that a simulated camera serves."""

from itertools import pairwise
from pathlib import Path

import pytest

from edgedet.sim.rtsp_camera import CameraProcess
from tests.source.media import OPEN_S, READ_S, make_source, make_video

TIMEOUT_S = 20.0


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
