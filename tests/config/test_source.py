"""Addresses that make no sense are refused at once, with what to write instead."""

import pytest
from pydantic import ValidationError

from edgedet.config.source import SourceSettings


def _source(uri: str, **settings: object) -> SourceSettings:
    return SourceSettings.model_validate({"id": "a", "uri": uri, **settings})


@pytest.mark.parametrize(
    "uri",
    [
        "rtsp://10.0.0.5/1",
        "rtsps://user:p%40ss@cam.example:322/s?x=1",
        "file:///srv/a%20b.avi",
        "file://localhost/srv/a.avi",
        "v4l2:///dev/video0",
        "test://ball?fps=5",
    ],
)
def test_accepts(uri: str) -> None:
    assert _source(uri).uri == uri


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("clip.avi", "is not a source; expected one of rtsp://…"),
        ("http://10.0.0.5/1", "is not a source"),
        ("rtsp://", "is not a source"),
        ("file://clips/a.avi", "must name an absolute path, as in file:///path"),
        ("v4l2://video0", "must name an absolute path, as in v4l2:///path"),
    ],
)
def test_refuses(uri: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _source(uri)


@pytest.mark.parametrize("settings", [{"loop": True}, {"realtime": False}])
def test_settings_of_files_are_for_files(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="are for file:// sources"):
        _source("rtsp://10.0.0.5/1", **settings)


@pytest.mark.parametrize(
    ("uri", "settings", "finite"),
    [
        ("file:///a.avi", {}, True),
        ("file:///a.avi", {"loop": True}, False),
        ("rtsp://10.0.0.5/1", {}, False),
        ("test://ball", {}, False),
        ("test://ball?frames=9", {"realtime": False}, True),
    ],
)
def test_knows_which_sources_end(uri: str, settings: dict[str, object], finite: bool) -> None:
    assert _source(uri, **settings).is_finite is finite


def test_files_played_as_fast_as_possible_lose_nothing() -> None:
    assert _source("file:///a.avi", realtime=False).is_lossless
    assert not _source("file:///a.avi").is_lossless


@pytest.mark.parametrize(
    ("uri", "settings", "message"),
    [
        ("rtsp://10.0.0.5/1", {"tls_insecure": True}, "are for rtsps:// sources"),
        ("rtsp://10.0.0.5/1", {"tls_ca_file": "ca.pem"}, "are for rtsps:// sources"),
        ("rtsps://10.0.0.5/1", {"tls_insecure": True, "tls_ca_file": "a"}, "would do nothing"),
        ("test://ball", {"transport": "udp"}, "transport is for rtsp"),
        ("rtsp://10.0.0.5/1", {"transport": "http"}, "'tcp' or 'udp'"),
    ],
)
def test_refuses_what_would_do_nothing(uri: str, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _source(uri, **settings)


def test_cameras_are_told_from_files_and_patterns() -> None:
    assert _source("csi://0").is_camera
    assert _source("v4l2:///dev/video0").is_camera
    assert not _source("file:///srv/a.avi").is_camera
    assert not _source("test://ball").is_camera
