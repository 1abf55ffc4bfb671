"""One connection to a real broker, without the sink around it."""

import pytest

from edgedet.publish.broker import (
    Endpoint,
    Incoming,
    LostError,
    Message,
    Protocol,
    UnreachableError,
)
from edgedet.publish.connection import Connection
from edgedet.publish.in_flight import WINDOW
from tests.conftest import StartMosquitto, Subscribe
from tests.publish.conftest import CLOCK

WILL = Message("test/will", b"{}", "edgedet.status/1", "will", 1)


def _connection(port: int, settled: list[object]) -> Connection:
    endpoint = Endpoint("127.0.0.1", port, "edgedet-test", keepalive_s=30, will_delay_s=0)
    return Connection(
        endpoint,
        WILL,
        Protocol.V5,
        CLOCK,
        lambda token, is_accepted: settled.append((token, is_accepted)),
    )


def _talk(connection: Connection) -> None:
    for number in range(WINDOW):
        connection.send(_message(number, qos=1), number)
        connection.poll(1.0)


def _message(number: int, qos: int) -> Message:
    return Message("test/topic", b"[%d]" % number, "edgedet.test/1", str(number), qos)


def test_window_closes_and_opens_with_the_acknowledgements(mosquitto: StartMosquitto) -> None:
    settled: list[object] = []
    connection = _connection(mosquitto().port, settled)
    connection.open(lambda: False)
    for number in range(WINDOW):
        assert connection.has_room
        connection.send(_message(number, qos=1), number)
    assert not connection.has_room
    assert connection.in_flight.tokens == list(range(WINDOW))

    while connection.in_flight:
        connection.poll(1.0)

    assert settled == [(number, True) for number in range(WINDOW)]
    connection.close()


def test_qos_0_is_settled_when_it_is_written(
    mosquitto: StartMosquitto, subscribe: Subscribe
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port, "test/#")
    settled: list[object] = []
    connection = _connection(broker.port, settled)
    connection.open(lambda: False)

    connection.send(_message(1, qos=0), "token")

    assert settled == [("token", True)]
    subscriber.wait_for(lambda m: m.payload == b"[1]")
    connection.close()


def test_loss_is_raised_and_leaves_what_was_under_way(mosquitto: StartMosquitto) -> None:
    broker = mosquitto()
    connection = _connection(broker.port, [])
    connection.open(lambda: False)
    broker.kill()

    with pytest.raises(LostError, match="ended"):
        _talk(connection)

    assert connection.in_flight.tokens[0] == 0


def test_abandoned_connection_is_told_of_by_the_will(
    mosquitto: StartMosquitto, subscribe: Subscribe
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port, "test/#")
    connection = _connection(broker.port, [])
    connection.open(lambda: False)

    connection.abandon()

    message = subscriber.wait_for(lambda m: m.topic == "test/will")
    assert message.properties["user"] == {"schema": "edgedet.status/1", "id": "will"}


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match="Connection refused"):
        _connection(9, []).open(lambda: False)


def test_what_is_published_to_us_comes_in_with_its_properties(
    mosquitto: StartMosquitto, subscribe: Subscribe
) -> None:
    broker = mosquitto()
    subscribe(broker.port)
    connection = _connection(broker.port, [])
    connection.open(lambda: False)
    connection.subscribe(["test/+"])
    connection.send(Message("test/topic", b"x", "", "", 1, correlation=b"7"), "token")

    while not connection.incoming:
        connection.poll(1.0)

    assert connection.incoming.popleft() == Incoming("test/topic", b"x", correlation=b"7")
    connection.close()


def test_the_window_is_no_wider_than_the_broker_takes(mosquitto: StartMosquitto) -> None:
    settled: list[object] = []
    connection = _connection(mosquitto("max_inflight_messages 3").port, settled)
    connection.open(lambda: False)
    assert connection.window == 3

    for number in range(30):
        while not connection.has_room:
            connection.poll(1.0)
        connection.send(_message(number, qos=1), number)
        assert len(connection.in_flight) <= 3

    while connection.in_flight:
        connection.poll(1.0)
    assert len(settled) == 30
    connection.close()
