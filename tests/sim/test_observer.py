"""Hearing what a broker delivers, over its restarts."""

from collections.abc import Iterator

import pytest

from edgedet.errors import SimError
from edgedet.sim import observer as module
from edgedet.sim.journal import Journal
from edgedet.sim.mqtt_packets import Publish
from edgedet.sim.observer import Observer
from tests.brokers import Mosquitto, free_port, wait_until
from tests.conftest import StartMosquitto, Subscribe


@pytest.fixture
def broker(mosquitto: StartMosquitto) -> Mosquitto:
    return mosquitto()


@pytest.fixture
def observer(broker: Mosquitto) -> Iterator[Observer]:
    observer = Observer(broker.port, Journal())
    yield observer
    observer.stop()


def test_hears_again_after_a_restart(broker: Mosquitto, observer: Observer) -> None:
    journal = observer._journal
    observer.start(waits=True)
    observer.publish(Publish("a/b", b'{"n": 1}'))
    assert wait_until(lambda: len(journal) == 1)
    broker.kill()
    broker.start()
    observer.publish(Publish("a/b", b'{"n": 2}', retain=True))
    assert wait_until(lambda: len(journal) == 2)
    assert [heard.body for heard in journal.since()] == [{"n": 1}, {"n": 2}]


def test_what_it_publishes_others_hear(
    broker: Mosquitto, observer: Observer, subscribe: Subscribe
) -> None:
    subscriber = subscribe(broker.port, "cmd/#")
    observer.start(waits=True)
    properties = {"ResponseTopic": "answers/7", "CorrelationData": b"\xff7"}
    for qos in (0, 1):
        observer.publish(Publish(f"cmd/{qos}", b"{}", qos=qos, properties=properties))
    for heard in subscriber.wait_for_all(lambda _: True, 2):
        assert heard.topic == f"cmd/{heard.qos}"
        assert heard.properties["ResponseTopic"] == "answers/7"
    assert wait_until(lambda: len(observer._journal) == 2)
    own = [each.properties for each in observer._journal.since()]
    assert [each["CorrelationData"] for each in own] == [b"\xff7"] * 2


def test_that_there_is_no_broker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_START_TIMEOUT_S", 0.1)
    observer = Observer(free_port(), Journal())
    with pytest.raises(SimError, match="no subscription"):
        observer.start(waits=True)
    observer.stop()
