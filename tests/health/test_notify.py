"""What reaches the service manager, over a real socket."""

import logging
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.health.notify import Notifier
from tests.health.notify_socket import NotifySocket

WAIT_S = 10.0


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NotifySocket]:
    is_path = request.param == "path"
    address = str(tmp_path / "n") if is_path else f"@edgedet-test-{secrets.token_hex(8)}"
    found = NotifySocket(address)
    yield found
    found.close()


def test_says_what_systemd_understands(manager: NotifySocket) -> None:
    notifier = Notifier(manager.address)

    notifier.ready("2 of 2 sources live")
    notifier.alive()
    notifier.status("fine")
    notifier.extend_start(90.5)
    notifier.stopping("good-bye")

    assert [manager.receive(WAIT_S) for _ in range(5)] == [
        "READY=1\nSTATUS=2 of 2 sources live",
        "WATCHDOG=1",
        "STATUS=fine",
        "EXTEND_TIMEOUT_USEC=90500000",
        "STOPPING=1\nSTATUS=good-bye",
    ]


def test_a_reload_carries_its_time(manager: NotifySocket) -> None:
    Notifier(manager.address).reloading()

    message = manager.receive(WAIT_S) or ""
    first, _, second = message.partition("\n")
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


def test_a_status_is_one_line_of_bounded_length(manager: NotifySocket) -> None:
    Notifier(manager.address).status("bad\nREADY=1\n" + "x" * 10_000)

    message = manager.receive(WAIT_S) or ""
    assert message.startswith("STATUS=bad READY=1 xxx")
    assert "\n" not in message
    assert len(message) < 500


def test_without_a_manager_nothing_happens() -> None:
    Notifier("").alive()


def test_a_manager_that_is_gone_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = Notifier(str(tmp_path / "nowhere"))

    with caplog.at_level(logging.WARNING):
        notifier.alive()
        notifier.alive()

    assert caplog.text.count("does not take notifications") == 1
