"""What the doctor finds out about plugins and sources."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.commands.doctor import Status, video
from edgedet.source import failure
from edgedet.source.library import load_gstreamer
from tests.brokers import free_port
from tests.runs import tiny_settings
from tests.source.media import make_video


def _one(tmp_path: Path, uri: str, *, is_running: bool = False) -> tuple[Status, str, str]:
    settings = tiny_settings(tmp_path, {"id": "a", "uri": uri})
    (check,) = video.examine_sources(settings, is_running=is_running)
    return check.status, check.detail, check.fix


def test_decodes_in_truth() -> None:
    checks = {check.name: check for check in video.examine_plugins()}
    assert checks["decoder"].status is Status.PASS
    assert "20 of 20 frames" in checks["decoder"].detail


def test_missing_plugins_are_named_with_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(failure.PACKAGES, "nosuchelement", "gstreamer1.0-nosuch")
    check = next(iter(video.examine_plugins()))
    assert check.status is Status.FAIL
    assert "gstreamer1.0-nosuch" in check.fix


def test_a_file(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", frames=10)
    status, detail, _ = _one(tmp_path, f"file://{path}")
    assert status is Status.PASS
    assert detail.startswith("160 x 120 by avdec_h264")


def test_a_camera_that_is_off(tmp_path: Path) -> None:
    port = free_port()
    status, detail, fix = _one(tmp_path, f"rtsp://127.0.0.1:{port}/1")
    assert status is Status.FAIL
    assert f"nothing answers at 127.0.0.1:{port}" in detail
    assert "ping" in fix


def test_a_port_that_is_no_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "_OPEN_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        status, _, fix = _one(tmp_path, f"rtsp://127.0.0.1:{server.getsockname()[1]}/1")
    assert status is Status.FAIL
    assert "gst-play-1.0" in fix


def test_a_device_that_the_service_holds(tmp_path: Path) -> None:
    status, _, fix = _one(tmp_path, "v4l2:///dev/video0", is_running=True)
    assert status is Status.WARN
    assert "stop the service" in fix


def test_without_the_plugins_for_a_trial_the_decoder_is_not_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(video, "_FOR_TRIAL", ("nosuchelement",))
    monkeypatch.setitem(failure.PACKAGES, "nosuchelement", "gstreamer1.0-nosuch")
    assert [check.name for check in video.examine_plugins()] == ["gstreamer"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    status, _, fix = _one(tmp_path, f"file://{tmp_path}/nowhere.avi")
    assert status is Status.FAIL
    assert fix == "correct the path, and see that the service's user may read it"


@contextlib.contextmanager
def _without(element: str) -> Iterator[None]:
    """GStreamer as it is where the package of `element` is not installed."""
    gst = load_gstreamer()
    registry = gst.Registry.get()
    feature = registry.find_feature(element, gst.ElementFactory)
    registry.remove_feature(feature)
    try:
        yield
    finally:
        registry.add_feature(feature)


def test_a_file_that_nothing_here_decodes(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.avi", frames=10, encoder="avenc_mpeg4")
    with _without("avdec_mpeg4"):
        status, detail, fix = _one(tmp_path, f"file://{path}")
    assert status is Status.FAIL
    assert "MPEG-4" in detail
    assert "no decoder for" in detail
    assert fix == "`apt install gstreamer1.0-libav gstreamer1.0-plugins-bad`"


def test_a_plugin_that_every_file_needs(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", frames=10)
    with _without("decodebin"):
        status, detail, fix = _one(tmp_path, f"file://{path}")
    assert status is Status.FAIL
    assert "no element 'decodebin'" in detail
    assert fix == "`apt install gstreamer1.0-plugins-base`"


def test_a_file_that_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "a.avi").write_text("a shopping list", encoding="utf-8")
    status, _, fix = _one(tmp_path, f"file://{tmp_path}/a.avi")
    assert status is Status.FAIL
    assert "gst-discoverer-1.0" in fix
