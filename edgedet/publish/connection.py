"""One connection to an MQTT broker; the only file that knows paho.

paho's own reconnecting, queueing and threads are not used: its queue drops the newest and knows no
age, and its direct write is not safe from two threads. Everything here belongs to one thread.
"""

import logging
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgedet.clock import Clock, Deadline
from edgedet.publish.broker import (
    Endpoint,
    Incoming,
    LostError,
    Message,
    Protocol,
    UnreachableError,
    hung_up,
    refusal,
)
from edgedet.publish.in_flight import WINDOW, InFlight, Settled, Token
from edgedet.publish.properties import pack_connect, pack_publish, pack_will
from edgedet.publish.readiness import send_at_once, wait_ready

logger = logging.getLogger(__name__)

_TIMEOUT_S = 4.0  # to connect, and then for the answer
_TAKEN_OVER_CODE = 0x8E


class _Packed(Properties):
    """Properties, packed already: by paho alone those of a PUBLISH take 75 us."""

    def __init__(self, packet_type: int, packed: bytes) -> None:
        super().__init__(packet_type)  # type: ignore[no-untyped-call]
        # past paho's own setter, which takes the names of MQTT properties only
        object.__setattr__(self, "pack", lambda: packed)


class _Client(Client):
    """Keeps hold of a socket whose handshake fails, which paho leaves to the garbage collector."""

    made: socket.socket | None = None

    def _create_socket_connection(self) -> socket.socket:
        self.made = super()._create_socket_connection()
        return self.made


class Connection:
    """A connection to a broker, from `open` to `close` or a LostError; not to be opened again.

    `send` takes a token for each message; `settled` is told it once the message was handed over
    (acknowledged, or at QoS 0 written to the socket) or refused.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        will: Message | None,
        protocol: Protocol,
        clock: Clock,
        settled: Settled,
    ) -> None:
        """Prepare; `open` does the work. What comes in is in `incoming`, for whoever polls."""
        self.protocol = protocol
        self.max_packet_bytes: int | None = None
        self.window = WINDOW
        self.incoming: deque[Incoming] = deque()
        self._filters: tuple[str, ...] = ()
        self._endpoint = endpoint
        self._clock = clock
        self._answer: ReasonCode | None = None
        self._end: ReasonCode | None = None
        self.in_flight = InFlight(clock, settled)
        self._client = _make_client(endpoint, will, protocol)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = lambda _client, _userdata, mid, reason, *_: self.in_flight.answer(
            mid, is_accepted=not reason.is_failure
        )
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe

    def open(self, gives_up: Callable[[], bool]) -> None:
        """Connect and wait for the broker's answer, unless somebody `gives_up`.

        Raises:
            UnreachableError: nobody there, or no answer in time.
            RefusedError: the broker said no, or hung up on the greeting.
        """
        endpoint = self._endpoint
        try:
            self._client.connect(**_connect_options(endpoint, self.protocol))
            if (sock := self._client.socket()) is not None:
                send_at_once(sock)
            deadline = Deadline(_TIMEOUT_S, self._clock)
            while self._answer is None and not deadline.is_over() and not gives_up():
                self.poll(min(0.1, deadline.remaining_s()))
        except (OSError, ValueError, IndexError) as exc:  # the latter two from odd web servers
            self.abandon()
            msg = f"no connection to {endpoint}: {getattr(exc, 'strerror', None) or exc}"
            raise UnreachableError(msg) from exc
        except LostError as exc:
            if self._answer is None:
                raise hung_up(endpoint, self.protocol) from exc
        answer = self._answer
        if answer is None or answer.is_failure:
            self.abandon()
            code = None if answer is None else answer.value
            raise refusal(endpoint, self.protocol, code, str(answer))

    @property
    def has_room(self) -> bool:
        """Whether another message may be sent: the window is open and the socket takes data."""
        return len(self.in_flight) < self.window and not self._client.want_write()

    def send(self, message: Message, token: Token) -> None:
        """Write `message` to the socket, as far as it takes it at once.

        Raises:
            LostError: the connection has ended; `message` is under way.
        """
        is_v5 = self.protocol is Protocol.V5
        properties = _Packed(PacketTypes.PUBLISH, pack_publish(message)) if is_v5 else None
        info = self._client.publish(
            message.topic, message.payload, message.qos, message.retain, properties
        )
        self.in_flight.add(info.mid, token)
        self.in_flight.settle()
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._lost()

    def subscribe(self, topic_filters: Sequence[str], qos: int = 1) -> None:
        """Ask for what is published there; a refusal is logged.

        Raises:
            LostError: the connection has ended.
        """
        self._filters = tuple(topic_filters)
        if self._filters:
            rc, _ = self._client.subscribe([(topic_filter, qos) for topic_filter in self._filters])
            if rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise self._lost()

    def poll(self, timeout_s: float, wake_fd: int | None = None) -> None:
        """Wait for the network or `wake_fd`, do what is due, and return.

        Raises:
            LostError: the connection has ended.
        """
        client = self._client
        sock = client.socket()
        if sock is None:
            raise self._lost()
        ready = wait_ready(sock, timeout_s, wants_write=client.want_write(), wake_fd=wake_fd)
        if ready.is_readable:
            client.loop_read()
        if ready.is_writable:
            client.loop_write()
        client.loop_misc()
        self.in_flight.settle()
        if client.socket() is None:
            raise self._lost()

    def close(self) -> None:
        """Say good-bye, so that the broker keeps the will to itself."""
        self._client.disconnect()
        self.abandon()

    def abandon(self) -> None:
        """Hang up without a good-bye: the broker will publish the will."""
        for sock in (self._client.socket(), self._client.made):
            if sock is not None:
                sock.close()

    def _lost(self) -> LostError:
        self.abandon()
        code = None if self._end is None else self._end.value
        message = f"connection to {self._endpoint} ended: {self._end}".lower()
        return LostError(message, is_taken_over=code == _TAKEN_OVER_CODE)

    def _on_connect(self, *given: object) -> None:
        self._answer = _reason(given)
        self.window = min(WINDOW, getattr(given[4], "ReceiveMaximum", WINDOW))
        self.max_packet_bytes = getattr(given[4], "MaximumPacketSize", None)

    def _on_disconnect(self, *given: object) -> None:
        self._end = self._end or _reason(given)  # the first is the cause

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        payload, asked = bytes(message.payload), getattr(message.properties, "ResponseTopic", "")
        correlation = getattr(message.properties, "CorrelationData", b"")
        self.incoming.append(Incoming(message.topic, payload, message.retain, asked, correlation))

    def _on_subscribe(
        self, _client: Client, _userdata: object, _mid: int, reasons: list[ReasonCode], *_: object
    ) -> None:
        for topic_filter, reason in zip(self._filters, reasons, strict=False):
            if reason.is_failure:
                logger.error("the broker does not let us read '%s': %s", topic_filter, reason)


def _reason(given: tuple[object, ...]) -> ReasonCode | None:
    """The reason among what paho tells, behind client, user data and flags."""
    return given[3] if isinstance(given[3], ReasonCode) else None


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
    client.connect_timeout = _TIMEOUT_S
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


def _connect_options(endpoint: Endpoint, protocol: Protocol) -> dict[str, Any]:
    where = {"host": endpoint.host, "port": endpoint.port, "keepalive": endpoint.keepalive_s}
    if protocol is not Protocol.V5:
        return where
    packed = pack_connect(endpoint.session_expiry_s, endpoint.max_incoming_bytes)
    # not clean: when we take over our own half-open connection, its will stays unsaid
    properties = _Packed(PacketTypes.CONNECT, packed)
    return {**where, "clean_start": not endpoint.keeps_session, "properties": properties}
