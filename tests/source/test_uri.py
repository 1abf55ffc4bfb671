"""Addresses are taken apart without losing or showing anything."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.errors import SourceError
from edgedet.source.uri import Credentials, parse_uri

VISIBLE = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1)


@given(username=VISIBLE, password=VISIBLE)
def test_percent_encoded_credentials_come_back_whole(username: str, password: str) -> None:
    user, word = quote(username, safe=""), quote(password, safe="")
    address = parse_uri(f"rtsp://{user}:{word}@10.0.0.5:554/stream1?channel=2")
    assert address.credentials == Credentials(username, password)
    assert address.location == "rtsp://10.0.0.5:554/stream1?channel=2"


def test_bare_at_sign_and_colon_in_a_password_are_understood() -> None:
    address = parse_uri("rtsp://admin:p@ss:w@rd@10.0.0.5/stream1")
    assert address.credentials == Credentials("admin", "p@ss:w@rd")
    assert address.location == "rtsp://10.0.0.5/stream1"


@pytest.mark.parametrize("mark", ["/", "?", "#"])
def test_bare_delimiter_in_a_password_is_refused_without_showing_it(mark: str) -> None:
    with pytest.raises(SourceError, match="%2F") as raised:
        parse_uri(f"rtsp://admin:sec{mark}ret@10.0.0.5/stream1")
    assert "sec" not in str(raised.value)


def test_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(parse_uri("rtsp://admin:hunter2@10.0.0.5/s"))


@pytest.mark.parametrize("host", ["cam.local", "10.0.0.5:8554", "[fe80::1]", "[fe80::1]:554"])
def test_hosts_with_and_without_port(host: str) -> None:
    assert parse_uri(f"rtsps://{host}/s").location == f"rtsps://{host}/s"


@pytest.mark.parametrize(
    "host", ["", "cam:port", "cam:0", "cam:70000", "cam:", "::1", "[::1", "::1]", "a b"]
)
def test_bad_hosts_are_refused(host: str) -> None:
    with pytest.raises(SourceError, match=r"expected rtsp://host"):
        parse_uri(f"rtsp://{host}/s")


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///srv/my%20clips/a%25b.avi", "/srv/my clips/a%b.avi"),
        ("file:///srv/my clips/ü.avi", "/srv/my clips/ü.avi"),
        ("file://localhost/srv/a.mkv", "/srv/a.mkv"),
        ("file://clips/a.mp4", "clips/a.mp4"),
        ("file:///srv/100%.avi", "/srv/100%.avi"),
        ("file:///srv/what?.avi", "/srv/what?.avi"),
        ("v4l2:///dev/v4l/by-id/usb-C920-index0", "/dev/v4l/by-id/usb-C920-index0"),
    ],
)  # fmt: skip
def test_paths_are_percent_decoded(uri: str, path: str) -> None:
    assert parse_uri(uri).location == path


def test_options_of_devices_and_patterns() -> None:
    assert parse_uri("v4l2:///dev/video0?width=1280").options == {"width": "1280"}
    assert parse_uri("test://ball?frames=10&fps=5").options == {"frames": "10", "fps": "5"}


def test_unknown_scheme_is_refused() -> None:
    with pytest.raises(SourceError, match="expected rtsp"):
        parse_uri("http://cam/stream")
