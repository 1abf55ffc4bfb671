"""What is said and heard besides states and results, without and with a real broker."""

from dataclasses import replace

import pytest
from paho.mqtt import publish as client

from edgedet.publish.broker import Incoming, Message, Protocol
from edgedet.publish.embedded import EmbeddedBroker
from edgedet.publish.exchange import Exchange
from tests.brokers import Mosquitto, wait_until
from tests.conftest import StartMosquitto, Subscribe
from tests.publish.conftest import MakeSink

PREFIX = "edgedet/v1/lab/bench-01"


def _post(number: int, size: int = 1) -> Message:
    return Message(f"test/{number}", b"x" * size, "", str(number), 1)


def _publish(broker: Mosquitto, topic: str, payload: bytes) -> None:
    client.single(topic, payload, qos=1, port=broker.port)


def test_oldest_post_makes_way_and_is_counted() -> None:
    rung: list[int] = []
    exchange = Exchange(lambda: rung.append(1), capacity=2)
    for number in range(3):
        exchange.post(_post(number))

    assert [exchange.take(), exchange.take(), exchange.take()] == [_post(1), _post(2), None]
    assert (exchange.dropped, len(rung)) == (1, 3)


def test_what_is_given_back_goes_first_in_the_old_order() -> None:
    exchange = Exchange()
    exchange.post(_post(3))
    exchange.give_back([_post(1), _post(2)])

    assert [exchange.take() for _ in range(3)] == [_post(1), _post(2), _post(3)]


def test_a_post_that_ends_connections_is_given_up_and_counted() -> None:
    exchange = Exchange()
    exchange.post(_post(1))
    for _ in range(3):
        exchange.post(_post(2))
        taken = exchange.take()
        assert taken == _post(1)
        exchange.give_back([taken])
        exchange.give_back([])  # an attempt that did not come to it

    assert [exchange.take() for _ in range(4)] == [_post(2), _post(2), _post(2), None]
    assert exchange.dropped == 1


def test_a_topic_that_the_broker_hangs_up_for_is_not_written_for_ever(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port)
    sink = make_sink(broker.url)
    sink.exchange.post(replace(_post(1), topic="a/" * 250))  # of which mosquitto takes 200
    sink.exchange.post(_post(2))

    subscriber.wait_for(lambda m: m.topic == "test/2")
    assert wait_until(lambda: sink.exchange.dropped == 1)


def test_what_goes_back_to_who_asked_counts_for_the_largest_packet(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto("max_packet_size 20000")
    subscriber = subscribe(broker.port)
    sink = make_sink(broker.url)
    sink.exchange.post(replace(_post(1, size=500), correlation=b"x" * 19_500))
    sink.exchange.post(replace(_post(2, size=500), correlation=b"x" * 18_500))

    subscriber.wait_for(lambda m: m.topic == "test/2")

    assert sink.exchange.dropped == 1
    assert sink.stats.reconnects == 0


def test_listeners_hear_their_topic_and_the_level_below() -> None:
    exchange = Exchange()
    heard: list[str] = []
    exchange.listen("a/cmd/+", lambda incoming: heard.append(incoming.topic))
    exchange.listen("home/status", lambda incoming: heard.append(incoming.topic))

    told = [exchange.deliver(Incoming(topic, b"")) for topic in ("a/cmd/x", "home/status", "a/x")]

    assert told == [True, True, False]
    assert heard == ["a/cmd/x", "home/status"]
    assert exchange.subscriptions == ("a/cmd/+", "home/status")


def test_rebirth_is_taken_once() -> None:
    exchange = Exchange()
    exchange.ask_for_rebirth()

    assert [exchange.take_rebirth(), exchange.take_rebirth()] == [True, False]


def test_births_are_asked_for_the_protocol() -> None:
    exchange = Exchange()
    exchange.at_birth(lambda protocol: [_post(int(protocol))])

    assert exchange.births(Protocol.V311) == [_post(4)]


def test_broker_brings_what_is_listened_to_and_takes_posts(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port)
    heard: list[Incoming] = []

    def answer(incoming: Incoming) -> None:
        heard.append(incoming)
        sink.exchange.post(_post(7))

    sink = make_sink(broker.url, listen=("test/cmd/+", answer))
    subscriber.wait_for(lambda m: m.state == "online")
    assert wait_until(lambda: _is_heard(broker, heard))

    subscriber.wait_for(lambda m: m.topic == "test/7")
    assert (heard[0].topic, heard[0].payload, heard[0].retain) == ("test/cmd/go", b"now", False)


def _is_heard(broker: Mosquitto, heard: list[Incoming]) -> bool:
    if not heard:
        _publish(broker, "test/cmd/go", b"now")
    return bool(heard)


def test_rebirth_tells_everything_again_on_the_same_connection(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port)
    sink = make_sink(broker.url)
    sink.exchange.at_birth(lambda _: [_post(9)])
    subscriber.wait_for(lambda m: m.topic == f"{PREFIX}/info")

    sink.exchange.ask_for_rebirth()

    subscriber.wait_for_all(lambda m: m.topic == f"{PREFIX}/info", 2)
    subscriber.wait_for(lambda m: m.topic == "test/9")
    assert {m.body["session"] for m in subscriber.messages if m.topic == f"{PREFIX}/status"} == {1}


def test_post_made_without_a_broker_is_sent_when_it_is_there(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto(is_started=False)
    sink = make_sink(broker.url)
    sink.exchange.post(_post(1))
    broker.start()

    assert subscribe(broker.port, "test/#").wait_for(lambda m: m.topic == "test/1").qos == 1


def test_post_larger_than_a_payload_may_be_is_dropped_and_counted(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port)
    sink = make_sink(broker.url, max_payload_bytes=1000)
    sink.exchange.post(_post(1, size=1001))
    sink.exchange.post(_post(2, size=1000))

    subscriber.wait_for(lambda m: m.topic == "test/2")

    assert sink.exchange.dropped == 1
    assert not [m for m in subscriber.messages if m.topic == "test/1"]


def test_old_protocol_of_the_embedded_broker_will_do(make_sink: MakeSink) -> None:
    pytest.importorskip("amqtt", reason="the extra `embedded` is not installed")
    broker = EmbeddedBroker("127.0.0.1:0")
    broker.start(10.0)
    heard: list[Incoming] = []
    try:
        sink = make_sink(
            "embedded", embedded_listen=broker.address, listen=("test/+", heard.append)
        )
        sink.exchange.post(_post(1))
        assert wait_until(lambda: heard != [])
        sink.close(5.0)
    finally:
        broker.stop(5.0)

    assert heard[0] == Incoming("test/1", b"x")
