"""Fixtures for sources: cameras that really serve."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgedet.sim.rtsp_camera import CameraProcess
from tests.source.server import Server

StartCamera = Callable[..., CameraProcess]
Serve = Callable[..., Server]


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


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts RTSP servers for a launch line: `serve(launch, certificate=None, port=0)`."""
    running: list[Server] = []

    def start(launch: str, certificate: Path | None = None, port: int = 0) -> Server:
        running.append(Server(launch, certificate, port))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-signed certificate of a camera at 127.0.0.1, in one file."""
    folder = tmp_path_factory.mktemp("certificate")
    key, cert, both = (folder / name for name in ("key.pem", "cert.pem", "both.pem"))
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 2"
        " -subj /CN=camera -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    both.write_text(key.read_text() + cert.read_text())
    return both
