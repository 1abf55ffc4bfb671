"""An MQTT client as a connection needs it; the only file that knows paho.

paho's own reconnecting, queueing and threads are not used: its queue drops the newest and knows no
age, and its direct write is not safe from two threads. Everything here belongs to one thread.
"""

import logging
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, _WebsocketWrapper
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgedet.publish.broker import Endpoint, Incoming, Message, Protocol, Reason
from edgedet.publish.in_flight import WINDOW
from edgedet.publish.properties import pack_connect, pack_publish, pack_will
from edgedet.publish.readiness import Socket, send_at_once
from edgedet.publish.upgrade import Patience, Upgrading

logger = logging.getLogger(__name__)

_TOO_LARGE_CODE = 0x95

Answered = Callable[[int, bool], None]
"""Told the number of a message, and whether the broker took it."""


class MqttClient:
    """Speaks one version of MQTT over one socket. What the broker says is kept for whoever asks."""

    def __init__(
        self,
        endpoint: Endpoint,
        will: Message | None,
        protocol: Protocol,
        timeout_s: float,
        answered: Answered,
    ) -> None:
        """Prepare; nothing is opened before `connect`, which has `timeout_s`."""
        self.answer: Reason | None = None
        """To our greeting."""
        self.end: Reason | None = None
        """Of the connection; the first reason is the cause."""
        self.incoming: deque[Incoming] = deque()
        self.window = WINDOW
        self.max_packet_bytes: int | None = None
        self._endpoint = endpoint
        self._is_v5 = protocol is Protocol.V5
        self._filters: tuple[str, ...] = ()
        self._client = client = _make_client(endpoint, will, protocol)
        client.connect_timeout = timeout_s
        client.most_bytes = endpoint.max_incoming_bytes
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = lambda _client, _userdata, mid, reason, *_: answered(
            mid, not reason.is_failure
        )
        client.on_message = self._on_message
        client.on_subscribe = lambda _client, _userdata, _mid, reasons, *_: self.subscribed(
            [_reason(reason) for reason in reasons]
        )

    def connect(self, patience: Patience) -> None:
        """Open the socket and send the greeting.

        Raises:
            OSError: nobody there, no encrypted connection, or no WebSockets in time.
            ValueError, IndexError: a web server that is none for MQTT.
        """
        endpoint = self._endpoint
        self._client.patience = patience
        options: dict[str, Any] = {}
        if self._is_v5:
            packed = pack_connect(endpoint.session_expiry_s, endpoint.max_incoming_bytes)
            options["properties"] = _Packed(PacketTypes.CONNECT, packed)
            # not clean: when we take over our own half-open connection, its will stays unsaid
            options["clean_start"] = not endpoint.keeps_session
        self._client.connect(endpoint.host, endpoint.port, endpoint.keepalive_s, **options)
        if (sock := self._client.socket()) is not None:
            send_at_once(sock)

    @property
    def socket(self) -> Socket | None:
        """What to wait on; None: the connection has ended."""
        return self._client.socket()

    @property
    def wants_write(self) -> bool:
        """Whether something waits for the socket to take it."""
        return self._client.want_write()

    @property
    def certificate_ends_s(self) -> float | None:
        """When the broker's certificate ends, in seconds since 1970; None: it was not seen."""
        sock: object = self._client.socket()
        ask = getattr(getattr(sock, "_socket", sock), "getpeercert", None)
        ends = (ask() or {}).get("notAfter") if ask is not None else None
        return None if ends is None else float(ssl.cert_time_to_seconds(ends))

    def publish(self, message: Message) -> tuple[int, bool]:
        """Write `message`, as far as the socket takes it; its number, and whether that worked."""
        packed = _Packed(PacketTypes.PUBLISH, pack_publish(message)) if self._is_v5 else None
        info = self._client.publish(
            message.topic, message.payload, message.qos, message.retain, packed
        )
        return info.mid, info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def subscribe(self, topic_filters: Sequence[str], qos: int) -> bool:
        """Ask for what is published there; whether that worked."""
        self._filters = tuple(topic_filters)
        rc, _ = self._client.subscribe([(topic_filter, qos) for topic_filter in self._filters])
        return rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def subscribed(self, reasons: Sequence[Reason]) -> None:
        """Note the answers to `subscribe`; a refusal is logged."""
        for topic_filter, reason in zip(self._filters, reasons, strict=False):
            if reason.is_failure:
                logger.error("the broker does not let us read '%s': %s", topic_filter, reason.text)

    def serve(self, *, reads: bool, writes: bool) -> None:
        """Read and write what the socket has and takes, and keep the connection alive."""
        if reads:
            self._client.loop_read()
        if writes:
            self._client.loop_write()
        self._client.loop_misc()

    def say_goodbye(self) -> None:
        """Tell the broker to keep the will to itself."""
        self._client.disconnect()

    def hang_up(self) -> None:
        """Close the socket; may be called twice."""
        for sock in (self._client.socket(), self._client.made):
            if sock is not None:
                sock.close()

    def _on_connect(self, *given: object) -> None:
        self.answer = _told(given)
        self.window = min(WINDOW, getattr(given[4], "ReceiveMaximum", WINDOW))
        self.max_packet_bytes = getattr(given[4], "MaximumPacketSize", None)

    def _on_disconnect(self, *given: object) -> None:
        if self._client.has_been_flooded:
            text = f"it sends more than the {self._client.most_bytes} bytes that we take at once"
            self.end = self.end or Reason(_TOO_LARGE_CODE, text)
        self.end = self.end or _told(given)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        payload, asked = bytes(message.payload), getattr(message.properties, "ResponseTopic", "")
        correlation = getattr(message.properties, "CorrelationData", b"")
        self.incoming.append(Incoming(message.topic, payload, message.retain, asked, correlation))


class _Packed(Properties):
    """Properties, packed already: by paho alone those of a PUBLISH take 75 us."""

    def __init__(self, packet_type: int, packed: bytes) -> None:
        super().__init__(packet_type)  # type: ignore[no-untyped-call]
        # past paho's own setter, which takes the names of MQTT properties only
        object.__setattr__(self, "pack", lambda: packed)


class _Client(Client):
    """Upgrades to WebSockets with patience, and keeps hold of the socket when that fails.

    And reads a broker's last words before it gives up a connection that takes no more of ours: a
    broker that ends one, as for another client with our id, says so and hangs up at once.

    A packet of more than `most_bytes` is not read to its end: MQTT 3.1.1 cannot ask for less, and
    paho would keep up to 256 MB.
    """

    patience: Patience
    made: socket.socket | None = None
    most_bytes: int | None = None
    has_been_flooded = False
    _is_reading_last_words = False

    def _create_socket(self) -> Any:  # noqa: ANN401 - a socket, or paho's wrapper around one
        if self._transport != "websockets":
            return super()._create_socket()
        bare = self._create_socket_connection()
        self.made = sock = self._ssl_wrap_socket(bare) if self._ssl else bare
        sock.settimeout(0)
        upgrading: Any = Upgrading(sock, self.patience)
        path = self._websocket_path
        wrapper = _WebsocketWrapper(upgrading, self._host, self._port, self._ssl, path, None)
        wrapper._socket = sock  # noqa: SLF001
        return wrapper

    def _packet_read(self) -> MQTTErrorCode:
        rc = super()._packet_read()
        length: int = self._in_packet["remaining_length"]
        if self.most_bytes is not None and length > self.most_bytes:
            self.has_been_flooded = True
            return MQTTErrorCode.MQTT_ERR_PAYLOAD_SIZE
        return rc

    def _loop_rc_handle(self, rc: MQTTErrorCode) -> MQTTErrorCode:
        if rc and self._is_reading_last_words:
            return rc  # what was read asked for an answer, which cannot be given either
        if rc:
            self._is_reading_last_words = True
            while self._sock is not None and not self._packet_read():
                pass
        return super()._loop_rc_handle(rc)


def _told(given: tuple[object, ...]) -> Reason | None:
    """The reason among what paho tells, behind client, user data and flags."""
    return _reason(given[3]) if isinstance(given[3], ReasonCode) else None


def _reason(reason: ReasonCode) -> Reason:
    return Reason(reason.value, str(reason))


def _make_client(endpoint: Endpoint, will: Message | None, protocol: Protocol) -> _Client:
    is_v5 = protocol is Protocol.V5
    client = _Client(
        CallbackAPIVersion.VERSION2,
        client_id=endpoint.client_id,
        clean_session=None if is_v5 else True,
        protocol=MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        transport="websockets" if endpoint.websocket_path else "tcp",
    )
    client.ws_set_options(path=endpoint.websocket_path)
    if endpoint.username is not None:
        client.username_pw_set(endpoint.username, endpoint.password)
    if endpoint.tls_context is not None:
        client.tls_set_context(endpoint.tls_context)
        client.tls_insecure_set(endpoint.tls_context.verify_mode is ssl.CERT_NONE)
    if will is not None:
        packed = pack_will(will, endpoint.will_delay_s)
        properties = _Packed(PacketTypes.WILLMESSAGE, packed) if is_v5 else None
        client.will_set(will.topic, will.payload, will.qos, will.retain, properties)
    return client
