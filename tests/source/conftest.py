"""Fixtures for sources: cameras that really serve."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgedet.sim.rtsp_camera import CameraProcess

StartCamera = Callable[..., CameraProcess]


@pytest.fixture(scope="session")
def clip_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where encoded clips are kept for the length of the test run."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def camera(clip_cache: Path) -> Iterator[StartCamera]:
    """Starts RTSP servers with a test picture: `camera("--audio", port=8554)`."""
    running: list[CameraProcess] = []

    def start(*arguments: str, port: int = 0) -> CameraProcess:
        process = CameraProcess(
            "--pattern", "ball", "--port", str(port), "--cache-dir", str(clip_cache), *arguments
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.stop()
