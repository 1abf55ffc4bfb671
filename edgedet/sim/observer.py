"""Hears what a real broker delivers, over its restarts; the only file of this room with paho."""

import contextlib
import threading
import time

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgedet.errors import SimError
from edgedet.sim.journal import Heard, Journal
from edgedet.sim.mqtt_packets import Publish
from edgedet.stream.worker import Worker

_TICK_S = 0.02
_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 5.0


class Observer:
    """A subscriber to everything. It is back some hundredths of a second after its broker is."""

    def __init__(self, port: int, journal: Journal) -> None:
        """Prepare; `start` connects."""
        self._port = port
        self._journal = journal
        self._is_subscribed = threading.Event()
        self._lock = threading.Lock()  # guards _outgoing
        self._outgoing: list[Publish] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._is_subscribed.set()
        self._client.on_message = self._on_message
        self._worker = Worker("observer", self._run)

    def start(self, *, waits: bool) -> None:
        """Begin to listen; `waits`: return when the subscription stands.

        Raises:
            SimError: if it does not.
        """
        self._worker.start()
        if waits and not self._is_subscribed.wait(_START_TIMEOUT_S):
            msg = f"no subscription at the broker on port {self._port}; see its log"
            raise SimError(msg)

    def publish(self, message: Publish) -> None:
        """Send a message, soon."""
        with self._lock:
            self._outgoing.append(message)

    def stop(self) -> None:
        """End; may be called twice."""
        self._worker.stop(_STOP_TIMEOUT_S)

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if self._client.loop(_TICK_S) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._is_subscribed.clear()
                stop.wait(_TICK_S)
                with contextlib.suppress(OSError, ValueError):
                    self._client.connect("127.0.0.1", self._port)
            if self._is_subscribed.is_set():
                self._send()
        self._client.disconnect()

    def _send(self) -> None:
        with self._lock:
            outgoing, self._outgoing = self._outgoing, []
        for each in outgoing:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            for name, value in each.properties.items():
                setattr(properties, name, value)
            self._client.publish(each.topic, each.payload, each.qos, each.retain, properties)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        given = message.properties.json() if message.properties else {}  # type: ignore[no-untyped-call]
        if "CorrelationData" in given:  # paho gives it as hexadecimal digits
            given["CorrelationData"] = bytes.fromhex(given["CorrelationData"])
        if "UserProperty" in given:
            given["user"] = dict(given.pop("UserProperty"))
        self._journal.add(
            Heard(
                topic=message.topic,
                payload=bytes(message.payload),
                qos=message.qos,
                retain=message.retain,
                at_s=time.monotonic(),
                properties=given,
            )
        )
