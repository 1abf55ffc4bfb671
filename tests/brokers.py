"""A real mosquitto on a port of its own, and a subscriber that sees what it delivers."""

import contextlib
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgedet.sim.mosquitto import Mosquitto, find_mosquitto, free_port

__all__ = ["MOSQUITTO", "Mosquitto", "Received", "Subscriber", "free_port", "wait_until"]

PATIENCE_S = 20.0

MOSQUITTO = find_mosquitto()


def is_listening(port: int) -> bool:
    """Whether somebody does, on a port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def wait_until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> bool:
    """Poll until `condition` holds; whether it did in time."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.01)
    return True


@dataclass(frozen=True, slots=True)
class Received:
    """A message as a subscriber sees it. `properties` as in MQTT 5, user properties among them."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: dict[str, Any]
    arrived_s: float

    @property
    def body(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.payload)
        return decoded

    @property
    def state(self) -> str:
        return str(self.body.get("state", ""))


class Subscriber:
    """A client without threads: it reads while the test waits."""

    def __init__(
        self, port: int, topic: str = "#", qos: int = 1, *, is_v5: bool = True, **login: str
    ) -> None:
        """Connect and subscribe. At `qos` 0 the broker holds nothing back."""
        self.messages: list[Received] = []
        self._is_subscribed = False
        version = MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=version)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=qos)
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        if login:
            self._client.username_pw_set(login["username"], login["password"])
        self._client.connect("127.0.0.1", port)
        assert self._loop_until(lambda: self._is_subscribed, PATIENCE_S), "no subscription"

    def wait_for(
        self, matches: Callable[[Received], bool], timeout_s: float = PATIENCE_S
    ) -> Received:
        """The first message that `matches`, among those that came and those that come."""
        found = self.wait_for_all(matches, 1, timeout_s)
        return found[0]

    def wait_for_all(
        self, matches: Callable[[Received], bool], count: int, timeout_s: float = PATIENCE_S
    ) -> list[Received]:
        """At least `count` messages that match."""

        def found() -> list[Received]:
            return [message for message in self.messages if matches(message)]

        is_in_time = self._loop_until(lambda: len(found()) >= count, timeout_s)
        seen = [(m.topic, m.payload[:200]) for m in self.messages[-10:]]
        assert is_in_time, f"{len(found())} of {count} messages came; the last of all: {seen}"
        return found()

    def listen_again(self) -> None:
        """Subscribe at a broker that was started anew."""
        self._is_subscribed = False
        assert self._loop_until(lambda: self._is_subscribed, PATIENCE_S), "no subscription"

    def listen(self, duration_s: float) -> list[Received]:
        """What came until now and in the next moments."""
        self._loop_until(lambda: False, duration_s)
        return self.messages

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, **properties: object
    ) -> None:
        """Publish at QoS 1, with `properties` of MQTT 5, and wait for the acknowledgement."""
        given = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        for name, value in properties.items():
            setattr(given, name, value)
        info = self._client.publish(topic, payload, qos=1, retain=retain, properties=given)
        assert self._loop_until(info.is_published, PATIENCE_S), "no acknowledgement"

    def close(self) -> None:
        self._client.disconnect()

    def _loop_until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        end_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end_s:
                return False
            if self._client.loop(0.02) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                time.sleep(0.02)
                with contextlib.suppress(OSError):
                    self._client.reconnect()
        return True

    def _on_subscribe(self, *_: object) -> None:
        self._is_subscribed = True

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        given = message.properties.json() if message.properties else {}  # type: ignore[no-untyped-call]
        given["user"] = dict(given.pop("UserProperty", []))
        self.messages.append(
            Received(
                topic=message.topic,
                payload=bytes(message.payload),
                qos=message.qos,
                retain=message.retain,
                properties=given,
                arrived_s=time.monotonic(),
            )
        )
