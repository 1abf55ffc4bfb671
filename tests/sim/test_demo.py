"""The demo, whole: an RTSP camera and a file become messages of a broker inside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from edgedet.config.load import load_settings
from edgedet.sim.demo import _free_address, demo_settings, main
from tests.brokers import free_port
from tests.conftest import Subscribe
from tests.detect.tiny_bundle import make_tiny_bundle

PATIENCE_S = 45.0
SIZE_WH = (96, 64)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A bright square that moves over a dark ground."""
    path = tmp_path / "street.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE_WH)
    for number in range(20):
        picture = np.full((*SIZE_WH[::-1], 3), 20, dtype=np.uint8)
        picture[16:32, 2 * number : 2 * number + 16] = 250
        writer.write(picture)
    writer.release()
    return path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    make_tiny_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def demo(tmp_path: Path, clip: Path, bundle: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The demo in a process group of its own, as a terminal gives it."""
    command = [sys.executable, "-m", "edgedet.sim.demo", "--listen", f"127.0.0.1:{port}"]
    command += ["--clip", str(clip), "--bundle", str(bundle)]
    environment = os.environ | {"HOME": str(tmp_path)}
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        yield process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("has_clip", [True, False])
def test_its_settings_are_a_valid_configuration(
    tmp_path: Path, clip: Path, bundle: Path, has_clip: bool
) -> None:
    content = demo_settings(
        bundle, "rtsp://127.0.0.1:9/x", clip if has_clip else None, "127.0.0.1:1", "127.0.0.1:2"
    )
    path = tmp_path / "demo.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    loaded = load_settings(path)

    assert [source.id for source in loaded.settings.sources] == ["street-rtsp", "street-file"]
    assert loaded.settings.sources[1].uri == (clip.as_uri() if has_clip else "test://smpte")


@pytest.mark.timeout(120)
def test_both_cameras_reach_a_subscriber_and_ctrl_c_ends_all(
    demo: subprocess.Popen[bytes], port: int, subscribe: Subscribe
) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    subscriber = None
    while subscriber is None:
        assert time.monotonic() < deadline_s, "the broker does not serve"
        assert demo.poll() is None, "the demo ended"
        try:
            subscriber = subscribe(port, "edgedet/v1/demo/+/src/+/detections", is_v5=False)
        except OSError:
            time.sleep(0.05)
    for source in ("street-rtsp", "street-file"):
        found = subscriber.wait_for(lambda m, s=source: f"/{s}/" in m.topic, PATIENCE_S)  # type: ignore[misc]
        assert found.body["objects"], "the bright square was not found"

    os.killpg(demo.pid, signal.SIGINT)
    assert demo.wait(PATIENCE_S) == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(demo.pid, 0)


def test_a_clip_that_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert main(["--clip", str(tmp_path / "none.avi")]) == 1
    assert "demo: error: the simulated camera ended with 1" in capsys.readouterr().err


def test_a_taken_port_is_not_told_to_subscribers(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"

        free = _free_address(taken)

    assert free != taken
    assert _free_address(free) == free
    assert "is taken" in capsys.readouterr().err
