"""The try-out broker, with our own sink and with a stock client."""

import logging
import socket
import subprocess
from collections.abc import Iterator

import pytest

from edgedet.errors import PublishError
from edgedet.publish.embedded import EmbeddedBroker
from edgedet.publish.link import LinkState
from tests.brokers import free_port, wait_until
from tests.conftest import Subscribe
from tests.publish.conftest import MakeSink, make_result, make_status

pytest.importorskip("amqtt")


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    embedded = EmbeddedBroker(f"127.0.0.1:{free_port()}")
    embedded.start(20.0)
    yield embedded
    embedded.stop(10.0)
    embedded.stop(10.0)


def _port(broker: EmbeddedBroker) -> int:
    return int(broker.url.rpartition(":")[2])


def test_our_sink_reaches_a_subscriber_through_mqtt_311(
    broker: EmbeddedBroker, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    subscriber = subscribe(_port(broker), is_v5=False)
    sink = make_sink(
        "embedded", embedded_listen=broker.address, lossless=("gate",), detections_qos=1
    )
    sink.publish_status(make_status())
    for seq in range(20):
        sink.publish(make_result(seq))

    assert sink.flush(20.0) == 0
    assert sink.stats.protocol == "3.1.1"
    found = subscriber.wait_for_all(lambda m: m.topic.endswith("/detections"), 20)
    assert [m.body["seq"] for m in found] == list(range(20))
    status = subscriber.wait_for(lambda m: m.topic.endswith("/bench-01/status"))
    assert status.body["expires_at"] > status.body["published"]


def test_stock_client_sees_retained_states(broker: EmbeddedBroker, make_sink: MakeSink) -> None:
    sink = make_sink("embedded", embedded_listen=broker.address)
    assert wait_until(lambda: sink.stats.state is LinkState.CONNECTED)

    done = subprocess.run(
        [
            "mosquitto_sub",
            "-p",
            str(_port(broker)),
            "-t",
            "edgedet/v1/+/+/status",
            "-C",
            "1",
            "-W",
            "20",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert '"state":"online"' in done.stdout


def test_stops_while_clients_are_connected(make_sink: MakeSink) -> None:
    embedded = EmbeddedBroker("127.0.0.1:0")
    embedded.start(20.0)
    sink = make_sink("embedded", embedded_listen=embedded.address)
    assert wait_until(lambda: sink.stats.state is LinkState.CONNECTED)

    embedded.stop(10.0)

    assert wait_until(lambda: sink.stats.state is not LinkState.CONNECTED)


def test_taken_port_is_told_and_another_one_used(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        embedded = EmbeddedBroker(f"127.0.0.1:{port}")

    assert _port(embedded) != port
    assert f"port {port} is taken" in caplog.text


def test_says_nothing_below_its_own_messages(
    broker: EmbeddedBroker, make_sink: MakeSink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sink = make_sink("embedded", embedded_listen=broker.address)
    assert wait_until(lambda: sink.stats.state is LinkState.CONNECTED)

    assert {r.name.split(".")[0] for r in caplog.records} <= {"edgedet"}


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.1:99999", ":"])
def test_refuses_what_is_no_address(listen: str) -> None:
    with pytest.raises(PublishError, match="expected host:port"):
        EmbeddedBroker(listen)


def test_refuses_an_address_of_another_machine() -> None:
    with pytest.raises(PublishError, match=r"cannot listen on 192\.0\.2\.1:1883"):
        EmbeddedBroker("192.0.2.1:1883")
