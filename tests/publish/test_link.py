"""The sink against peers that say things which mosquitto does not: scripted, byte by byte."""

import socket
import time
from collections.abc import Iterator

import pytest

from edgedet.publish.link import LinkState
from tests.brokers import PATIENCE_S, wait_until
from tests.publish.conftest import MakeSink

CONNACK_V5 = bytes((0x20, 3, 0, 0, 0))
CONNACK_V311 = bytes((0x20, 2, 0, 0))
CONNACK_V311_BAD_LOGIN = bytes((0x20, 2, 0, 4))
CONNACK_WRONG_VERSION = bytes((0x20, 2, 0, 1))
CONNACK_UNAVAILABLE = bytes((0x20, 3, 0, 0x88, 0))
DISCONNECT_TAKEN_OVER = bytes((0xE0, 1, 0x8E))


class Script:
    """A peer whose side of the conversation the test writes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._listener.getsockname()[1]}"

    def greeted(self) -> int:
        """Wait for the next client; the version of MQTT that it asks for."""
        peer, _ = self._listener.accept()
        peer.settimeout(PATIENCE_S)
        self._open.append(peer)
        return peer.recv(65536).partition(b"\x04MQTT")[2][0]

    def say(self, answer: bytes) -> None:
        self._open[-1].sendall(answer)

    def hang_up(self) -> None:
        self._open.pop().close()

    def close(self) -> None:
        while self._open:
            self.hang_up()
        self._listener.close()


@pytest.fixture
def peer(make_sink: MakeSink) -> Iterator[Script]:
    del make_sink  # closed after the peer, which then need not be waited for
    script = Script()
    yield script
    script.close()


def test_taken_over_twice_in_a_minute_is_a_conflict(peer: Script, make_sink: MakeSink) -> None:
    sink = make_sink(peer.url)
    for _ in range(2):
        peer.greeted()
        peer.say(CONNACK_V5 + DISCONNECT_TAKEN_OVER)

    assert wait_until(lambda: sink.stats.state is LinkState.CLIENT_ID_CONFLICT)
    assert "device.name" in sink.stats.reason


def test_falls_back_to_311_when_told_so(peer: Script, make_sink: MakeSink) -> None:
    sink = make_sink(peer.url)
    assert peer.greeted() == 5
    peer.say(CONNACK_WRONG_VERSION)
    assert peer.greeted() == 4
    peer.say(CONNACK_V311)

    assert wait_until(lambda: sink.stats.state is LinkState.CONNECTED)
    assert sink.stats.protocol == "3.1.1"


def test_falls_back_when_the_greeting_is_hung_up_on_twice(
    peer: Script, make_sink: MakeSink
) -> None:
    sink = make_sink(peer.url)
    versions = []
    for _ in range(2):
        versions.append(peer.greeted())
        peer.hang_up()
    versions.append(peer.greeted())
    peer.say(CONNACK_V311)

    assert versions == [5, 5, 4]
    assert wait_until(lambda: sink.stats.state is LinkState.CONNECTED)


def test_bad_login_is_told_by_a_311_broker_too(peer: Script, make_sink: MakeSink) -> None:
    sink = make_sink(peer.url)
    peer.greeted()
    peer.say(CONNACK_WRONG_VERSION)
    peer.greeted()
    peer.say(CONNACK_V311_BAD_LOGIN)

    assert wait_until(lambda: sink.stats.state is LinkState.BAD_CREDENTIALS)


def test_refusal_for_another_reason_is_told(peer: Script, make_sink: MakeSink) -> None:
    sink = make_sink(peer.url)
    peer.greeted()
    peer.say(CONNACK_UNAVAILABLE)

    assert wait_until(lambda: sink.stats.state is LinkState.REFUSED)
    assert "server unavailable" in sink.stats.reason


def test_stop_does_not_wait_for_a_silent_peer(peer: Script, make_sink: MakeSink) -> None:
    sink = make_sink(peer.url)
    peer.greeted()

    begin_s = time.monotonic()
    sink.close(3.0)

    assert time.monotonic() - begin_s < 2.0
