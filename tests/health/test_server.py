"""The server itself: its port, hostile peers, and a stop that comes back."""

import contextlib
import logging
import socket
from collections.abc import Iterator

import pytest

from edgedet.config.http import HttpSettings
from edgedet.errors import ConfigError
from edgedet.health import server as server_module
from edgedet.health.server import WebServer
from tests.health.site_stand import WAIT_S, SiteStand
from tests.stream.fakes import wait_until


@pytest.fixture
def stand() -> Iterator[SiteStand]:
    found = SiteStand()
    yield found
    found.stop()


def _say(port: int, text: bytes) -> bytes:
    """All that is answered to some bytes."""
    with socket.create_connection(("127.0.0.1", port), WAIT_S) as peer:
        peer.sendall(text)
        peer.settimeout(WAIT_S)
        answer = b""
        while chunk := peer.recv(65_536):
            answer += chunk
        return answer


def test_a_port_that_is_taken_is_named(stand: SiteStand) -> None:
    settings = HttpSettings(listen=f"127.0.0.1:{stand.port}")
    with pytest.raises(ConfigError, match=f"cannot listen on '127.0.0.1:{stand.port}': Address"):
        WebServer(settings, stand.server._site)


def test_an_address_that_is_not_ours_is_named(stand: SiteStand) -> None:
    settings = HttpSettings.model_construct(listen="203.0.113.9:0")
    with pytest.raises(ConfigError, match=r"cannot listen on '203\.0\.113\.9:0'"):
        WebServer(settings, stand.server._site)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000,
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    ],
)
def test_nonsense_is_refused_and_the_next_one_served(stand: SiteStand, nonsense: bytes) -> None:
    assert _say(stand.port, nonsense).startswith(b"HTTP/1.1 400")
    assert stand.ask("/")[0] == 200


def test_silent_connections_make_way_for_requests_the_oldest_first(stand: SiteStand) -> None:
    with contextlib.ExitStack() as opened:
        peers = [
            opened.enter_context(socket.create_connection(("127.0.0.1", stand.port), WAIT_S))
            for _ in range(200)
        ]
        assert stand.ask("/")[0] == 200
        peers[0].settimeout(WAIT_S)
        with contextlib.suppress(ConnectionResetError):
            assert peers[0].recv(10) == b"", "it is hung up on"
        peers[-1].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        peers[-1].settimeout(WAIT_S)
        assert peers[-1].recv(12) == b"HTTP/1.1 200"


_BODY_TO_COME = (
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\ntoken="
)


def test_bodies_that_never_end_make_way_for_requests(stand: SiteStand) -> None:
    page = stand.open("/api/live")
    page.part()
    with contextlib.ExitStack() as opened:
        for _ in range(100):
            peer = socket.create_connection(("127.0.0.1", stand.port), WAIT_S)
            opened.enter_context(peer)
            peer.sendall(_BODY_TO_COME)
        for _ in range(3):
            assert stand.ask("/healthz")[0] == 200
        page.part()


def test_who_leaves_before_the_end_of_a_body_is_no_news(
    stand: SiteStand, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", stand.port), WAIT_S) as peer:
        peer.settimeout(WAIT_S)
        peer.sendall(_BODY_TO_COME.replace(b"\r\n", b"\r\nExpect: 100-continue\r\n", 1))
        assert peer.recv(12) == b"HTTP/1.1 100", "the body is waited for"
    wait_until(lambda: not stand.server._server.server_state.tasks)
    assert stand.ask("/")[0] == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_pages_that_are_looked_at_keep_their_places(stand: SiteStand) -> None:
    page = stand.open("/api/live")
    page.part()
    with contextlib.ExitStack() as opened:
        for _ in range(200):
            opened.enter_context(socket.create_connection(("127.0.0.1", stand.port), WAIT_S))
        assert stand.ask("/")[0] == 200
        wait_until(lambda: stand.tap.show("gate", 1))
        page.part()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[SiteStand]:
    monkeypatch.setattr(server_module, "_SILENT_S", 0.2)
    found = SiteStand()
    yield found
    found.stop()


def test_a_silent_peer_is_hung_up_on_and_a_page_is_not(impatient: SiteStand) -> None:
    page = impatient.open("/api/live")  # which lasts longer than a silence may
    page.part()
    with socket.create_connection(("127.0.0.1", impatient.port), WAIT_S) as peer:
        peer.settimeout(WAIT_S)
        peer.sendall(b"GET / HTTP/1.1\r\nHost: local")
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(10) == b""
    wait_until(lambda: impatient.tap.show("gate", 1))
    assert page.part()[0]["seq"] == 1


def test_stops_while_pages_are_open(stand: SiteStand) -> None:
    page = stand.open("/api/live")
    page.part()
    assert stand.server.stop(WAIT_S)
    assert page.rest() == b"", "it ended in order"
