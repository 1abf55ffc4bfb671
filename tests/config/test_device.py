"""A device has a name even if nobody gave it one."""

import re
import socket

import pytest

from edgedet.config.device import DeviceSettings, host_slug


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("bench-01", "bench-01"),
        ("Dock NX.example.org", "dock-nx"),
        ("---", "edgedet"),
        ("x" * 80, "x" * 63),
        ("", "edgedet"),
    ],
)
def test_host_names_become_slugs(monkeypatch: pytest.MonkeyPatch, host: str, slug: str) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert host_slug() == slug


def test_default_name_is_a_slug() -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", DeviceSettings().name)
