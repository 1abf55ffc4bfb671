"""One connection to an MQTT broker; the only file that knows paho.

paho's own reconnecting, queueing and threads are not used: its queue drops the newest and knows no
age, and its direct write is not safe from two threads. Everything here belongs to one thread.
"""

import select
import socket
import ssl
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgedet.clock import Clock, Deadline
from edgedet.publish.broker import (
    CredentialsRefusedError,
    Endpoint,
    HungUpError,
    LostError,
    Message,
    Protocol,
    ProtocolRefusedError,
    RefusedError,
    UnreachableError,
)
from edgedet.publish.in_flight import WINDOW, InFlight, Settled, Token
from edgedet.publish.properties import CONTENT_TYPE, pack_properties

_CONNECT_TIMEOUT_S = 4.0
_ANSWER_TIMEOUT_S = 4.0
_TICK_S = 0.1
_SESSION_EXPIRY_S = 120
_CREDENTIAL_CODES = (0x86, 0x87)
_PROTOCOL_CODE = 0x84
_TAKEN_OVER_CODE = 0x8E


class _Packed(Properties):
    """Properties of a PUBLISH, packed already: by paho alone they take 75 us a message."""

    def __init__(self, message: Message) -> None:
        super().__init__(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        # past paho's own setter, which takes the names of MQTT properties only
        object.__setattr__(self, "_packed", pack_properties(message))

    def pack(self) -> bytes:
        """What goes over the wire."""
        packed: bytes = object.__getattribute__(self, "_packed")
        return packed


class Connection:
    """A connection to a broker, from `open` to `close` or a LostError; not to be opened again.

    `send` takes a token for each message; `settled` is told it once the message was handed over
    (acknowledged, or at QoS 0 written to the socket) or refused.
    """

    def __init__(
        self, endpoint: Endpoint, will: Message, protocol: Protocol, clock: Clock, settled: Settled
    ) -> None:
        """Prepare; `open` does the work."""
        self.protocol = protocol
        self.max_packet_bytes: int | None = None
        self._endpoint = endpoint
        self._clock = clock
        self._answer: ReasonCode | None = None
        self._end: ReasonCode | None = None
        self.in_flight = InFlight(clock, settled)
        self._client = _make_client(endpoint, will, protocol)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish

    def open(self, gives_up: Callable[[], bool]) -> None:
        """Connect and wait for the broker's answer, unless somebody `gives_up`.

        Raises:
            UnreachableError: nobody there, or no answer in time.
            RefusedError: the broker said no, or hung up on the greeting.
        """
        endpoint = self._endpoint
        options = _connect_options(endpoint, self.protocol)
        try:
            self._client.connect(endpoint.host, endpoint.port, endpoint.keepalive_s, **options)
            self._send_at_once()
            deadline = Deadline(_ANSWER_TIMEOUT_S, self._clock)
            while self._answer is None and not deadline.is_over() and not gives_up():
                self.poll(min(_TICK_S, deadline.remaining_s()))
        except OSError as exc:
            self.abandon()
            msg = f"no connection to {endpoint}: {exc.strerror or exc}"
            raise UnreachableError(msg) from exc
        except LostError as exc:
            if self._answer is None:
                msg = f"{endpoint} hung up on the greeting in MQTT {self.protocol}"
                raise HungUpError(msg) from exc
        self._judge(self._answer)

    @property
    def has_room(self) -> bool:
        """Whether another message may be sent: the window is open and the socket takes data."""
        return len(self.in_flight) < WINDOW and not self._client.want_write()

    def send(self, message: Message, token: Token) -> None:
        """Write `message` to the socket, as far as it takes it at once.

        Raises:
            LostError: the connection has ended; `message` is under way.
        """
        properties = _Packed(message) if self.protocol is Protocol.V5 else None
        info = self._client.publish(
            message.topic, message.payload, message.qos, message.retain, properties
        )
        self.in_flight.add(info.mid, token)
        self.in_flight.settle()
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
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
        poller = select.poll()
        poller.register(
            sock.fileno(), select.POLLIN | (select.POLLOUT if client.want_write() else 0)
        )
        if wake_fd is not None:
            poller.register(wake_fd, select.POLLIN)
        # bytes that TLS has decrypted already do not wake the poller
        has_pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        events = dict(poller.poll(0 if has_pending else timeout_s * 1000))
        event = events.get(sock.fileno(), 0)
        if has_pending or event & ~select.POLLOUT:
            client.loop_read()
        if event & select.POLLOUT:
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
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _send_at_once(self) -> None:
        """Turn Nagle's algorithm off: at QoS 0 it held every other message back by 30 ms."""
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _judge(self, answer: ReasonCode | None) -> None:
        if answer is None:
            self.abandon()
            msg = f"no answer from {self._endpoint} to a greeting in MQTT {self.protocol}"
            raise HungUpError(msg)
        if not answer.is_failure:
            return
        self.abandon()
        msg = f"{self._endpoint} refused the connection: {answer}".lower()
        if answer.value in _CREDENTIAL_CODES:
            raise CredentialsRefusedError(msg)
        if answer.value == _PROTOCOL_CODE:
            raise ProtocolRefusedError(msg)
        raise RefusedError(msg)

    def _lost(self) -> LostError:
        self.abandon()
        reason = self._end
        is_taken_over = reason is not None and reason.value == _TAKEN_OVER_CODE
        return LostError(
            f"connection to {self._endpoint} ended: {reason}".lower(), is_taken_over=is_taken_over
        )

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._answer = reason
        self.max_packet_bytes = getattr(properties, "MaximumPacketSize", None)

    def _on_disconnect(
        self, _client: Client, _userdata: object, _flags: object, reason: ReasonCode, *_: object
    ) -> None:
        self._end = self._end or reason  # the first is the cause

    def _on_publish(
        self, _client: Client, _userdata: object, mid: int, reason: ReasonCode, *_: object
    ) -> None:
        self.in_flight.answer(mid, is_accepted=not reason.is_failure)


def _make_client(endpoint: Endpoint, will: Message, protocol: Protocol) -> Client:
    is_v5 = protocol is Protocol.V5
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=endpoint.client_id,
        clean_session=None if is_v5 else True,
        protocol=MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
    )
    client.connect_timeout = _CONNECT_TIMEOUT_S
    if endpoint.username is not None:
        client.username_pw_set(endpoint.username, endpoint.password)
    if endpoint.tls_context is not None:
        client.tls_set_context(endpoint.tls_context)
        client.tls_insecure_set(endpoint.tls_context.verify_mode is ssl.CERT_NONE)
    properties = None
    if is_v5:
        properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
        properties.WillDelayInterval = endpoint.will_delay_s
        properties.ContentType = CONTENT_TYPE
        properties.PayloadFormatIndicator = 1
        properties.UserProperty = [("schema", will.schema), ("id", will.id)]
    client.will_set(will.topic, will.payload, will.qos, will.retain, properties)
    return client


def _connect_options(endpoint: Endpoint, protocol: Protocol) -> dict[str, Any]:
    if protocol is not Protocol.V5:
        return {}
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = max(_SESSION_EXPIRY_S, 2 * endpoint.will_delay_s)
    # not clean: when we take over our own half-open connection, its will stays unsaid
    return {"clean_start": False, "properties": properties}
