"""What paho is made to do besides what it does by itself; the rest shows in test_connection.py."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import replace

import pytest

from edgedet.publish.broker import Endpoint, LostError, Message, Protocol, Reason
from edgedet.publish.client import MqttClient
from edgedet.publish.connection import Connection
from edgedet.publish.upgrade import Patience
from tests.publish.conftest import CLOCK

CONNACK = b"\x20\x03\x00\x00\x00"
TAKEN_OVER = b"\xe0\x01\x8e"
MESSAGE = Message("test/topic", b"{}", "", "", 1)
PATIENCE = Patience(60.0, CLOCK, lambda: False)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5.0)
        yield server


def _endpoint(listener: socket.socket) -> Endpoint:
    port: int = listener.getsockname()[1]
    return Endpoint("127.0.0.1", port, "edgedet-test", keepalive_s=30, will_delay_s=0)


def _client(listener: socket.socket) -> MqttClient:
    return MqttClient(_endpoint(listener), None, Protocol.V5, 4.0, lambda _mid, _ok: None)


def _answer(listener: socket.socket, words: bytes) -> None:
    """Let whoever greets read `words`, and reset the connection: what it writes fails."""
    peer, _ = listener.accept()
    peer.settimeout(5.0)
    peer.recv(1024)
    peer.sendall(words)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def _poll_for_ever(connection: Connection) -> None:
    while True:
        connection.poll(1.0)


def test_last_words_of_a_broker_that_takes_nothing_more_are_heard(listener: socket.socket) -> None:
    client = _client(listener)
    client.connect(PATIENCE)
    _answer(listener, CONNACK + TAKEN_OVER)

    _number, is_written = client.publish(MESSAGE)

    assert not is_written
    assert client.answer == Reason(0, "Success")
    assert client.end is not None
    assert client.end.code == 0x8E


def test_end_without_a_word_is_not_awaited(listener: socket.socket) -> None:
    client = _client(listener)
    client.connect(PATIENCE)
    _answer(listener, CONNACK + TAKEN_OVER[:1])

    _number, is_written = client.publish(MESSAGE)

    assert not is_written
    assert client.socket is None
    client.hang_up()


def test_take_over_right_after_the_greeting_is_told_as_one(listener: socket.socket) -> None:
    client = Connection(_endpoint(listener), None, Protocol.V5, CLOCK, lambda _token, _ok: None)
    client._client.connect(PATIENCE)
    _answer(listener, CONNACK + TAKEN_OVER)

    with pytest.raises(LostError, match="session taken over") as caught:
        client.send(MESSAGE, "token")

    assert caught.value.is_taken_over


def test_a_packet_of_any_size_is_not_kept(listener: socket.socket) -> None:
    endpoint = replace(_endpoint(listener), protocol=Protocol.V311, max_incoming_bytes=1000)
    connection = Connection(endpoint, None, Protocol.V311, CLOCK, lambda _token, _ok: None)
    connection._client.connect(PATIENCE)
    peer, _ = listener.accept()
    with peer:
        peer.sendall(b"\x20\x02\x00\x00" + b"\x30\xff\xff\xff\x7f" + b"\x00\x04test")

        with pytest.raises(LostError, match="more than the 1000 bytes"):
            _poll_for_ever(connection)


def test_reading_that_the_broker_forbids_is_told(
    listener: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    client = _client(listener)
    client.connect(PATIENCE)
    client.subscribe(["test/+"], 1)

    # mosquitto 2.0 accepts every subscription, and withholds what its ACL forbids
    client.subscribed([Reason(0x87, "Not authorized")])

    assert "does not let us read 'test/+': Not authorized" in caplog.text
    client.hang_up()
