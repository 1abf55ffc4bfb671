"""Home Assistant's side of a real broker: what appears, appears again, and goes away."""

from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish as client

from edgedet.config.mqtt import MqttSettings
from edgedet.model_identity import ModelIdentity
from edgedet.publish.home_assistant.announcer import Announcer
from edgedet.publish.identity import Origin
from edgedet.publish.mqtt import MqttSink
from edgedet.publish.topics import Topics
from tests.brokers import Mosquitto, Received, Subscriber
from tests.conftest import StartMosquitto, Subscribe
from tests.publish.conftest import MODEL, MakeSink, make_status

TOPICS = Topics("edgedet/v1", "lab", "bench-01")
CONFIG = "homeassistant/device/edgedet_bench-01/config"


class Home:
    """A broker, what is seen at it, and devices with an announcer."""

    def __init__(self, broker: Mosquitto, make_sink: MakeSink, folder: Path) -> None:
        self.broker = broker
        self._make_sink = make_sink
        self._folder = folder

    def start(self, *sources: str, counted: tuple[str, ...] = (), **settings: object) -> MqttSink:
        given = {"home_assistant": {"enabled": True}, **settings}
        sink = self._make_sink(self.broker.url, is_started=False, **given)
        self.announcer = Announcer(
            MqttSettings.model_validate({"url": self.broker.url, **given}),
            origin=Origin("lab", "bench-01", "6f1c2a90", MODEL),
            topics=TOPICS,
            sources=sources,
            counted=counted,
            classes=("person",),
            exchange=sink.exchange,
            state_dir=self._folder,
        )
        sink.start()
        return sink


@pytest.fixture
def home(mosquitto: StartMosquitto, make_sink: MakeSink, tmp_path: Path) -> Home:
    return Home(mosquitto(), make_sink, tmp_path / "state")


def _configs(subscriber: Subscriber, count: int) -> list[dict[str, Any]]:
    found = subscriber.wait_for_all(lambda m: m.topic == CONFIG and bool(m.payload), count)
    return [message.body for message in found]


def test_one_retained_message_describes_all(home: Home, subscribe: Subscribe) -> None:
    sink = home.start("gate", "dock", counted=("gate",))
    _configs(subscribe(home.broker.port), 1)

    late = subscribe(home.broker.port, "homeassistant/#")
    message = late.wait_for(lambda m: m.topic == CONFIG)

    assert message.retain
    assert "MessageExpiryInterval" not in message.properties
    assert set(message.body["cmps"]) == {
        "gate_connectivity",
        "gate_fps",
        "gate_count_person",
        "dock_connectivity",
        "dock_fps",
    }
    assert sink.exchange.subscriptions == ("homeassistant/status",)


def test_told_again_when_home_assistant_starts_and_after_a_reconnect(
    home: Home, subscribe: Subscribe
) -> None:
    subscriber = subscribe(home.broker.port)
    home.start("gate")
    _configs(subscriber, 1)

    for payload in (b"offline", b"online"):
        client.single("homeassistant/status", payload, qos=1, port=home.broker.port)
    assert len(_configs(subscriber, 2)) == 2
    home.broker.stop()
    home.broker.start()
    assert len(_configs(subscriber, 3)) == 3


def test_source_that_is_removed_leaves_no_ghost(home: Home, subscribe: Subscribe) -> None:
    first = home.start("gate", "yard", counted=("yard",))
    first.publish_status(make_status(source_id="yard"))
    subscriber = subscribe(home.broker.port)
    subscriber.wait_for(lambda m: m.topic == TOPICS.source_status("yard"))
    first.close(5.0)

    home.start("gate")
    subscriber = subscribe(home.broker.port)
    components = _configs(subscriber, 1)[-1]["cmps"]
    while "yard_fps" not in components or "state_topic" in components["yard_fps"]:
        components = _configs(subscriber, 2)[-1]["cmps"]

    assert components["yard_fps"] == components["yard_count_person"] == {"platform": "sensor"}
    assert components["yard_connectivity"] == {"platform": "binary_sensor"}
    late = subscribe(home.broker.port)
    late.wait_for(lambda m: m.topic == CONFIG)
    retained = [m.topic for m in late.listen(0.3) if m.retain]
    assert TOPICS.source_status("yard") not in retained


def test_switched_off_it_takes_the_device_back(home: Home, subscribe: Subscribe) -> None:
    first = home.start("gate")
    subscriber = subscribe(home.broker.port)
    _configs(subscriber, 1)
    first.close(5.0)

    home.start("gate", home_assistant={"enabled": False})

    def is_taken_back(message: Received) -> bool:
        return message.topic == CONFIG and message.payload == b""

    subscriber.wait_for(is_taken_back)


def test_never_switched_on_it_says_nothing(home: Home, subscribe: Subscribe) -> None:
    subscriber = subscribe(home.broker.port)
    sink = home.start("gate", home_assistant={"enabled": False})

    subscriber.wait_for(lambda m: m.topic == TOPICS.info)

    assert not [m for m in subscriber.listen(0.3) if m.topic.startswith("homeassistant")]
    assert sink.exchange.subscriptions == ()


def test_too_many_entities_are_told_without_counts(
    home: Home, subscribe: Subscribe, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"camera-{number}" for number in range(3)]
    home.start(*names, counted=tuple(names), max_payload_bytes=5200)

    components = _configs(subscribe(home.broker.port), 1)[0]["cmps"]

    assert len(components) == 6
    assert "9 entities take" in caplog.text


def test_another_model_and_its_classes_are_told(home: Home, subscribe: Subscribe) -> None:
    home.start("gate", counted=("gate",))
    seen = subscribe(home.broker.port)
    _configs(seen, 1)

    home.announcer.set_model(ModelIdentity("animals", "2", "a" * 64, "fp32", ("cat",)), ("cat",))

    after = _configs(seen, 2)[-1]
    assert after["dev"]["mdl"] == "animals 2"
    assert "state_topic" in after["cmps"]["gate_count_cat"]
    assert after["cmps"]["gate_count_person"] == {"platform": "sensor"}  # told to be gone
