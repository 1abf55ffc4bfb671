"""Web servers that do not come to the end of their answer, and a broker that is upgraded to."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from edgedet.clock import Deadline
from edgedet.publish import connection as connections
from edgedet.publish.broker import Endpoint, Protocol, UnreachableError
from edgedet.publish.connection import Connection
from edgedet.publish.link import LinkState
from edgedet.publish.upgrade import Patience, Upgrading
from tests.brokers import wait_until
from tests.publish.conftest import CLOCK, MakeSink

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
_DRIP_S = 0.02
_PATIENCE_S = 0.5

MakeServer = Callable[[bytes], "Server"]


class Server:
    """Answers each connection with the bytes of `answer`, one after the other, and never ends."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._must_end = threading.Event()
        self._lock = threading.Lock()  # guards the two below
        self._peers: list[socket.socket] = []
        self.requests: list[bytes] = []
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="drip")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._must_end.set()
        self._thread.join()
        for sock in (self._listener, *self._peers):
            sock.close()

    def _run(self) -> None:
        self._listener.settimeout(_DRIP_S)
        sent = 0
        while not self._must_end.wait(_DRIP_S):
            try:
                peer, _ = self._listener.accept()
            except TimeoutError:
                pass
            else:
                peer.settimeout(5.0)
                self._peers.append(peer)
                self.requests.append(peer.recv(4096))
                sent = 0
            if sent < len(self._answer) and self._peers:
                self._drip(self._answer[sent : sent + 1])
                sent += 1

    def _drip(self, byte: bytes) -> None:
        with contextlib.suppress(OSError):  # it has hung up, as it should
            self._peers[-1].sendall(byte)


@pytest.fixture
def make_server() -> Iterator[MakeServer]:
    servers: list[Server] = []

    def make(answer: bytes) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def _open(server: Server, gives_up: Callable[[], bool] = lambda: False) -> None:
    endpoint = Endpoint(
        "127.0.0.1", server.port, "edgedet-test", 30, will_delay_s=0, websocket_path="/mqtt"
    )
    Connection(endpoint, None, Protocol.V5, CLOCK, lambda _token, _ok: None).open(gives_up)


def _read_on(upgrading: Upgrading) -> None:
    while True:
        upgrading.recv(1)


@pytest.mark.parametrize(
    ("answer", "told"), [(b"", "no answer"), (HEAD * 100, "only a part of the answer")]
)
def test_a_server_does_not_stretch_the_time_that_it_has(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch, answer: bytes, told: str
) -> None:
    monkeypatch.setattr(connections, "_UPGRADE_TIMEOUT_S", _PATIENCE_S)
    server = make_server(answer)
    begin_s = time.monotonic()

    with pytest.raises(UnreachableError, match=f"{told} to the upgrade to WebSockets within 0.5 s"):
        _open(server)

    assert _PATIENCE_S <= time.monotonic() - begin_s < 8.0


def test_who_gives_up_need_not_wait(make_server: MakeServer) -> None:
    server = make_server(HEAD * 100)
    soon = Deadline(_PATIENCE_S, CLOCK)
    begin_s = time.monotonic()

    with pytest.raises(UnreachableError):
        _open(server, soon.is_over)

    assert time.monotonic() - begin_s < 4.0


def test_the_sink_tries_again_shows_life_and_stops_at_once(
    make_server: MakeServer, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_UPGRADE_TIMEOUT_S", 2.0)
    server = make_server(HEAD * 100)
    sink = make_sink(server.url)
    assert wait_until(lambda: len(server.requests) == 1)
    monkeypatch.setattr(connections, "_UPGRADE_TIMEOUT_S", 60.0)
    idle_s: list[float] = []

    def is_tried_again() -> bool:
        idle_s.append(sink.worker.idle_s())
        return len(server.requests) == 2

    assert wait_until(is_tried_again)
    assert max(idle_s) < 1.5
    stats = sink.stats
    assert stats.state is LinkState.UNREACHABLE
    assert "only a part of the answer" in stats.reason

    begin_s = time.monotonic()
    sink.close(5.0)

    assert time.monotonic() - begin_s < 4.0
    assert not sink.worker.is_alive
    assert sink.stats.state is LinkState.STOPPED


def test_an_answer_without_end_is_not_kept() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        theirs.sendall(b"x" * 20_000)
        upgrading = Upgrading(ours, Patience(60.0, CLOCK, lambda: False))

        with pytest.raises(ConnectionAbortedError, match="more than 16384 bytes"):
            _read_on(upgrading)


def test_the_end_of_the_answer_is_told() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.settimeout(0)
        theirs.close()

        assert Upgrading(ours, Patience(60.0, CLOCK, lambda: False)).recv(1) == b""
