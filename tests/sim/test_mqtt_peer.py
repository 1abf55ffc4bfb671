"""The scripted peer, as a real MQTT client meets it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgedet.errors import SimError
from edgedet.sim.journal import Journal
from edgedet.sim.mqtt_packets import Publish
from edgedet.sim.mqtt_peer import MqttPeer
from edgedet.sim.peer_command import PeerCommand

PATIENCE_S = 10.0


class Device:
    """A client without threads, with a will."""

    def __init__(
        self, port: int, version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5
    ) -> None:
        self.answers: list[Any] = []
        self.limits: list[Any] = []
        self.ends: list[Any] = []
        self.acks: list[int] = []
        self.received: list[MQTTMessage] = []
        self._port = port
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="dev",
            protocol=version,
            reconnect_on_failure=False,
        )
        self.client.will_set("a/status", b'{"state":"offline"}', 1, True)  # noqa: FBT003
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *args: self.ends.append(args[3])
        self.client.on_publish = lambda *args: self.acks.append(args[2])
        self.client.on_message = lambda *args: self.received.append(args[2])

    def _on_connect(self, *args: object) -> None:
        self.answers.append(args[3])
        self.limits.append(args[4])

    def connect(self) -> "Device":
        self.client.connect("127.0.0.1", self._port)
        assert self.until(lambda: bool(self.answers or self.ends))
        return self

    def until(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> bool:
        end_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end_s:
                return False
            if self.client.loop(0.02) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                time.sleep(0.01)
        return True


@pytest.fixture
def peer() -> Iterator[MqttPeer]:
    peer = MqttPeer(Journal())
    peer.start()
    yield peer
    peer.stop()


def _tell(peer: MqttPeer, **order: object) -> None:
    peer.tell(PeerCommand.model_validate(order))


@pytest.mark.parametrize("version", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
def test_hears_everything_and_acknowledges(peer: MqttPeer, version: MQTTProtocolVersion) -> None:
    device = Device(peer.port, version).connect()
    device.client.publish("a/b", b'{"x": 1}', qos=1, retain=True)
    device.client.publish("a/c", b"\xff", qos=0)
    assert device.until(lambda: len(peer.journal) == 2 and len(device.acks) == 2)

    first, second = peer.journal.since()
    assert (first.topic, first.body, first.qos, first.retain) == ("a/b", {"x": 1}, 1, True)
    assert (second.body, second.payload, second.qos) == (None, b"\xff", 0)
    assert peer.facts["protocol"] == ("5.0" if version is MQTTProtocolVersion.MQTTv5 else "3.1.1")
    assert peer.facts["unacknowledged"] == 0
    assert peer.facts["client_id"] == "dev"


def test_properties_are_noted(peer: MqttPeer) -> None:
    device = Device(peer.port).connect()
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = 90
    properties.ContentType = "application/json"
    properties.UserProperty = [("schema", "s/1")]
    device.client.publish("a", b"{}", 1, False, properties)  # noqa: FBT003
    assert device.until(lambda: len(peer.journal) == 1)

    assert peer.journal.since()[0].properties == {
        "MessageExpiryInterval": 90,
        "ContentType": "application/json",
        "user": {"schema": "s/1"},
    }


def test_refuses_as_often_as_ordered(peer: MqttPeer) -> None:
    _tell(peer, do="refuse", code=0x87, times=1)
    refused = Device(peer.port).connect()
    assert refused.answers[0].value == 0x87
    assert Device(peer.port).connect().answers[0].value == 0
    assert (peer.facts["connects"], peer.facts["refused"]) == (2, 1)


@pytest.mark.parametrize("how", ["refuse", "hang_up"])
def test_mqtt_5_is_turned_away(peer: MqttPeer, how: str) -> None:
    _tell(peer, do="only_311", how=how)
    device = Device(peer.port)
    device.connect()
    assert [a.value for a in device.answers] == ([0x84] if how == "refuse" else [])
    old = Device(peer.port, MQTTProtocolVersion.MQTTv311).connect()
    assert old.answers[0].value == 0


def test_acknowledges_late_or_never(peer: MqttPeer) -> None:
    _tell(peer, do="slow_acks", by_s=0.3)
    device = Device(peer.port).connect()
    begin_s = time.monotonic()
    device.client.publish("a", b"1", qos=1)
    assert device.until(lambda: len(device.acks) == 1)
    assert time.monotonic() - begin_s >= 0.3
    _tell(peer, do="no_acks")
    device.client.publish("a", b"2", qos=1)
    assert device.until(lambda: len(peer.journal) == 2)
    assert not device.until(lambda: len(device.acks) == 2, 0.1)
    assert peer.facts["unacknowledged"] == 1


def test_lost_connection_brings_the_will_and_a_farewell_does_not(peer: MqttPeer) -> None:
    first = Device(peer.port).connect()
    first.client.disconnect()
    assert first.until(lambda: peer.facts["connected"] == 0)
    assert len(peer.journal) == 0
    Device(peer.port).connect()
    _tell(peer, do="drop")
    (will,) = peer.journal.since()
    assert (will.is_will, will.topic, will.retain) == (True, "a/status", True)


def test_take_over_is_told(peer: MqttPeer) -> None:
    device = Device(peer.port).connect()
    _tell(peer, do="take_over")
    assert device.until(lambda: bool(device.ends))
    assert device.ends[0].value == 0x8E


def test_oversized_packets_end_the_connection(peer: MqttPeer) -> None:
    _tell(peer, do="max_packet", bytes=300)
    device = Device(peer.port).connect()
    assert device.limits[0].MaximumPacketSize == 300
    device.client.publish("a", b"x" * 301, qos=1)
    assert device.until(lambda: bool(device.ends))
    assert (device.ends[0].value, peer.facts["oversized"]) == (0x95, 1)


def test_away_nobody_listens_and_back_is_the_same_port(peer: MqttPeer) -> None:
    Device(peer.port).connect()
    _tell(peer, do="off")
    with pytest.raises(ConnectionRefusedError):
        Device(peer.port).connect()
    _tell(peer, do="on")
    assert Device(peer.port).connect().answers[0].value == 0


def test_reads_nothing_then_slowly_then_all(peer: MqttPeer) -> None:
    device = Device(peer.port).connect()
    _tell(peer, do="no_reads")
    device.client.publish("a", b"x" * 10, qos=0)
    assert not device.until(lambda: len(peer.journal) > 0, 0.1)
    _tell(peer, do="slow_reads", bytes_per_s=100_000)
    begin_s = time.monotonic()
    device.client.publish("a", b"x" * 40_000, qos=0)
    assert device.until(lambda: len(peer.journal) == 2)
    assert time.monotonic() - begin_s > 0.1
    _tell(peer, do="reads")
    device.client.publish("a", b"x" * 20_000, qos=0)
    assert device.until(lambda: len(peer.journal) == 3)


def test_messages_reach_a_device_that_subscribed(peer: MqttPeer) -> None:
    device = Device(peer.port).connect()
    device.client.subscribe("cmd/#", qos=1)
    device.until(lambda: False, 0.1)
    properties = {"ResponseTopic": "answers", "CorrelationData": b"7"}
    peer.publish(Publish("cmd/pause", b"{}", qos=2, properties=properties))
    assert device.until(lambda: len(device.received) == 1)
    assert device.received[0].qos == 1
    given: Any = device.received[0].properties
    assert (given.ResponseTopic, given.CorrelationData) == ("answers", b"7")
    peer.publish(Publish("cmd/pause", b"{}", qos=0))
    assert device.until(lambda: len(device.received) == 2)
    assert device.received[1].qos == 0
    peer.publish(Publish("other", b"{}"))
    assert not device.until(lambda: len(device.received) == 3, 0.1)


def test_an_order_to_a_peer_that_does_not_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgedet.sim.mqtt_peer._STOP_TIMEOUT_S", 0.05)
    idle = MqttPeer(Journal())
    with pytest.raises(SimError, match="was it started"):
        _tell(idle, do="drop")
    idle.stop()
