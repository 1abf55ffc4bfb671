"""What the environment says of the service manager, nonsense included."""

import os
from pathlib import Path

import pytest

from edgedet.config.service import ServiceManager, service_manager, writes_to_journal


def test_without_a_service_manager_there_is_none() -> None:
    assert service_manager({}) == ServiceManager("", 0.0)


def test_tells_socket_and_interval() -> None:
    environ = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}

    assert service_manager(environ, pid=7) == ServiceManager("/run/notify", 30.0)
    assert service_manager({**environ, "NOTIFY_SOCKET": "@x"}, pid=7).notify_socket == "@x"


@pytest.mark.parametrize(
    ("name", "value"),
    [("WATCHDOG_PID", "8"), ("WATCHDOG_USEC", "-1"), ("WATCHDOG_USEC", "x"), ("WATCHDOG_USEC", "")],
)
def test_a_watchdog_of_somebody_else_or_of_nonsense_is_none(name: str, value: str) -> None:
    environ = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "30000000", name: value}

    assert service_manager(environ, pid=7) == ServiceManager("/run/notify", 0.0)


@pytest.mark.parametrize("address", ["", "@", "/", "relative", "vsock:2:1"])
def test_an_address_that_is_no_unix_socket_is_none(address: str) -> None:
    assert service_manager({"NOTIFY_SOCKET": address}) == ServiceManager()


def test_the_journal_is_known_by_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        stream = f"{found.st_dev}:{found.st_ino}"
        assert writes_to_journal(file.fileno(), {"JOURNAL_STREAM": stream})
        assert not writes_to_journal(file.fileno(), {"JOURNAL_STREAM": "1:1"})
        assert not writes_to_journal(file.fileno(), {"JOURNAL_STREAM": "nonsense"})
        assert not writes_to_journal(file.fileno(), {})
        closed = file.fileno()
    assert not writes_to_journal(closed, {"JOURNAL_STREAM": stream})
