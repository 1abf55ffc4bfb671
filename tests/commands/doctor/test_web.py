"""What the doctor says of http.listen."""

import socket
from pathlib import Path

from edgedet.commands.doctor import Status
from edgedet.commands.doctor.web import examine
from tests.brokers import free_port
from tests.runs import tiny_settings


def _examine(tmp_path: Path, listen: str, *, is_running: bool = False) -> list[Status]:
    settings = tiny_settings(tmp_path, http={"listen": listen})
    return [check.status for check in examine(settings, is_running=is_running)]


def test_a_port_that_is_free_one_that_is_taken_and_none(tmp_path: Path) -> None:
    assert _examine(tmp_path, f"127.0.0.1:{free_port()}") == [Status.PASS]
    assert _examine(tmp_path, "off") == []
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert _examine(tmp_path, f"127.0.0.1:{server.getsockname()[1]}") == [Status.FAIL]


def test_a_running_service_must_answer(tmp_path: Path) -> None:
    assert _examine(tmp_path, f"127.0.0.1:{free_port()}", is_running=True) == [Status.FAIL]
