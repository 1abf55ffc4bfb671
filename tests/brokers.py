"""A real mosquitto on a port of its own, and a subscriber that sees what it delivers."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

PATIENCE_S = 20.0

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> bool:
    """Poll until `condition` holds; whether it did in time."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.01)
    return True


class Mosquitto:
    """A broker that is started, stopped, killed and started again on the same port."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        """Prepare the configuration: `options` are lines of mosquitto.conf."""
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "mosquitto.conf"
        self._log = folder / "mosquitto.log"
        anonymous = [] if any("password_file" in o for o in options) else ["allow_anonymous true"]
        lines = [f"listener {self.port} 127.0.0.1", *anonymous, *options]
        if os.geteuid() == 0:
            lines.append("user root")  # else it drops to a user that cannot read the folder
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> "Mosquitto":
        """Start, and return when it accepts connections."""
        assert MOSQUITTO is not None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)], stderr=log)
        assert wait_until(self._accepts), self._log.read_text(encoding="utf-8")
        return self

    def stop(self) -> None:
        """End in an orderly way."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End as in a power cut."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE_S)
            self._process = None

    def _accepts(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


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

    def __init__(self, port: int, topic: str = "#", *, is_v5: bool = True, **login: str) -> None:
        """Connect and subscribe."""
        self.messages: list[Received] = []
        self._is_subscribed = False
        version = MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=version)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
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

    def listen(self, duration_s: float) -> list[Received]:
        """What came until now and in the next moments."""
        self._loop_until(lambda: False, duration_s)
        return self.messages

    def publish(self, topic: str, payload: bytes, **properties: object) -> None:
        """Publish at QoS 1, with `properties` of MQTT 5, and wait for the acknowledgement."""
        given = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        for name, value in properties.items():
            setattr(given, name, value)
        info = self._client.publish(topic, payload, qos=1, properties=given)
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
