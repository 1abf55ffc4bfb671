"""Hearing what a broker delivers, over its restarts."""

from collections.abc import Iterator

import pytest

from edgedet.errors import SimError
from edgedet.sim import observer as module
from edgedet.sim.journal import Journal
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
    observer.publish("a/b", b'{"n": 1}', retain=False)
    assert wait_until(lambda: len(journal) == 1)
    broker.kill()
    broker.start()
    observer.publish("a/b", b'{"n": 2}', retain=True)
    assert wait_until(lambda: len(journal) == 2)
    assert [heard.body for heard in journal.since()] == [{"n": 1}, {"n": 2}]


def test_what_it_publishes_others_hear(
    broker: Mosquitto, observer: Observer, subscribe: Subscribe
) -> None:
    subscriber = subscribe(broker.port, "cmd/#")
    observer.start(waits=True)
    observer.publish("cmd/x", b"{}", retain=False)
    assert subscriber.wait_for(lambda m: m.topic == "cmd/x").qos == 1


def test_that_there_is_no_broker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_START_TIMEOUT_S", 0.1)
    observer = Observer(free_port(), Journal())
    with pytest.raises(SimError, match="no subscription"):
        observer.start(waits=True)
    observer.stop()
