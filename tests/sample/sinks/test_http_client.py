"""One request at a time; trouble is told without any address."""

import socketserver
import threading
from pathlib import Path

import pytest

from edgedet.sample.base import SinkBusyError
from edgedet.sample.sinks.http_client import HttpClient
from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelService
from tests.brokers import free_port

SECRET = "/dataset/frames/upload?api_key=very-secret"  # noqa: S105 - a test


def test_nobody_there_is_told_without_the_address() -> None:
    client = HttpClient(f"http://127.0.0.1:{free_port()}", 5)
    with pytest.raises(SinkBusyError, match="not reached: Connection refused") as caught:
        client.post(SECRET, b"", {})
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_request_that_cannot_be_written_is_told_without_the_address() -> None:
    with LabelService() as service:
        client = HttpClient(service.url, 5)
        with pytest.raises(SinkBusyError, match="InvalidURL") as caught:
            client.post("/upload?api_key=very secret\n", b"", {})
        client.close()
    assert "secret" not in str(caught.value)


def test_a_host_that_says_nothing_is_given_up() -> None:
    with LabelService() as service:
        service.inject(LabelFault("silent", delay_s=2.0))
        client = HttpClient(service.url, 0.2)
        with pytest.raises(SinkBusyError, match="TimeoutError"):
            client.post("/upload", b"", {})
        client.close()


class Impatient(socketserver.StreamRequestHandler):
    """Answers one request, says that the connection stays, and hangs up."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def test_a_connection_that_was_closed_while_idle_is_opened_again() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), Impatient) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        client = HttpClient(f"http://127.0.0.1:{server.server_address[1]}", 5)
        statuses = [client.post("/upload", b"", {}).status for _ in range(3)]
        client.close()
        server.shutdown()
        thread.join(10)

    assert statuses == [200, 200, 200]


def test_closing_ends_a_request_that_hangs(tmp_path: Path) -> None:
    del tmp_path
    with LabelService() as service:
        service.inject(LabelFault("silent", delay_s=5.0))
        client = HttpClient(service.url, 60)
        ended: list[str] = []

        def post() -> None:
            try:
                client.post("/upload", b"", {})
            except SinkBusyError as exc:
                ended.append(str(exc))

        thread = threading.Thread(target=post)
        thread.start()
        while client._connection is None:
            thread.join(0.01)
        client.close()
        thread.join(10)
        assert len(ended) == 1
        with pytest.raises(SinkBusyError):
            client.post("/upload", b"", {})
