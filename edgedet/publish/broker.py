"""A broker as a value: its address, how to greet it, what is sent to it, what it may answer."""

import ssl
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import urlsplit

from edgedet.config.mqtt import MqttSettings, TlsSettings
from edgedet.errors import ConfigError, PublishError
from edgedet.files import read_secret

_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
_ENCRYPTED = ("mqtts", "wss")
_WEBSOCKETS = ("ws", "wss")
_WEBSOCKET_PATH = "/mqtt"  # where most brokers listen; mosquitto takes any
_MAX_INCOMING_BYTES = 64 * 1024
_SESSION_EXPIRY_S = 120
_CREDENTIAL_CODES = (0x86, 0x87)
_PROTOCOL_CODE = 0x84
_FIRST_FAILURE_CODE = 0x80

JSON = "application/json"


class Protocol(IntEnum):
    """The versions of MQTT that are spoken, by their number on the wire."""

    V311 = 4
    V5 = 5

    def __str__(self) -> str:
        """The version as people write it."""
        return "5.0" if self is Protocol.V5 else "3.1.1"


class UnreachableError(PublishError):
    """There is no broker at the address, or none that answers."""


class HungUpError(UnreachableError):
    """No answer to our greeting: a broker that is ending, or one that knows no MQTT 5."""


class RefusedError(PublishError):
    """The broker is there and does not want us."""


class ProtocolRefusedError(RefusedError):
    """The broker does not speak this version of MQTT."""


class CredentialsRefusedError(RefusedError):
    """The broker does not accept the user name or password."""


class LostError(PublishError):
    """A connection ended. `is_taken_over`: another client came with our client id."""

    def __init__(self, message: str, *, is_taken_over: bool = False) -> None:
        """Say why."""
        super().__init__(message)
        self.is_taken_over = is_taken_over


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a broker answers as it does: a code of MQTT 5, and the same in words."""

    code: int
    text: str

    @property
    def is_failure(self) -> bool:
        """Whether it says no."""
        return self.code >= _FIRST_FAILURE_CODE


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A broker and how to greet it, `protocol` first; no `tls_context`: a plain connection.

    `websocket_path`: through a web server, there; empty: directly.
    `keeps_session`: the broker keeps what we missed for a while. `max_incoming_bytes`: it is asked
    to send nothing larger.
    """

    host: str
    port: int
    client_id: str
    keepalive_s: int
    will_delay_s: int
    tls_context: ssl.SSLContext | None = None
    websocket_path: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    protocol: Protocol = Protocol.V5
    keeps_session: bool = True
    max_incoming_bytes: int | None = None

    @property
    def session_expiry_s(self) -> int:
        """How long the broker keeps what we missed."""
        return max(_SESSION_EXPIRY_S, 2 * self.will_delay_s) if self.keeps_session else 0

    def __str__(self) -> str:
        """The address, without credentials."""
        scheme = "ws" if self.websocket_path else "mqtt"
        secure = "s" if self.tls_context else ""
        return f"{scheme}{secure}://{self.host}:{self.port}{self.websocket_path}"


@dataclass(frozen=True, slots=True)
class Message:
    """What is published, and for how long it is true; None is for ever.

    A `schema` that is empty is not told. `correlation` is what a request asked to have back.
    `losses`: so many connections have ended with it under way.
    """

    topic: str
    payload: bytes
    schema: str
    id: str
    qos: int
    retain: bool = False
    expiry_s: int | None = None
    content_type: str = JSON
    correlation: bytes = b""
    losses: int = field(default=0, compare=False)

    @classmethod
    def taking_back(cls, topic: str) -> "Message":
        """What has the broker forget what it retains there."""
        return cls(topic, b"", "", "", qos=1, retain=True)


@dataclass(frozen=True, slots=True)
class Incoming:
    """What somebody published to us; `response_topic` and `correlation` are empty if not given."""

    topic: str
    payload: bytes
    retain: bool = False
    response_topic: str = ""
    correlation: bytes = b""


class _TlsSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails, which paho leaves to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def endpoint_of(settings: MqttSettings, client_id: str) -> Endpoint:
    """The broker that `settings` name.

    Raises:
        ConfigError: the password or a certificate cannot be read.
    """
    url = f"mqtt://{settings.embedded_listen}" if settings.is_embedded else settings.url
    parts = urlsplit(url)
    return Endpoint(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or _PORTS[parts.scheme],
        client_id=client_id,
        keepalive_s=settings.keepalive_s,
        will_delay_s=settings.will_delay_s,
        tls_context=_tls_context(settings.tls) if parts.scheme in _ENCRYPTED else None,
        websocket_path=(parts.path or _WEBSOCKET_PATH) if parts.scheme in _WEBSOCKETS else "",
        # a token may stand alone; MQTT 3.1.1 knows no password without a name
        username=settings.username or ("" if settings.password_file else None),
        password=_password(settings),
        # amqtt never answers a greeting in MQTT 5
        protocol=Protocol.V311 if settings.is_embedded else Protocol.V5,
        max_incoming_bytes=_MAX_INCOMING_BYTES,
    )


def hung_up(endpoint: Endpoint, protocol: Protocol) -> HungUpError:
    """The error for a connection that ended before the greeting was answered."""
    return HungUpError(f"{endpoint} hung up on the greeting in MQTT {protocol}")


def refusal(endpoint: Endpoint, protocol: Protocol, reason: Reason | None) -> PublishError:
    """The error for a greeting that was answered with `reason`, or not at all.

    Source: MQTT 5.0, 3.2.2.2; paho translates those of 3.1.1.
    """
    if reason is None:
        return HungUpError(f"no answer from {endpoint} to a greeting in MQTT {protocol}")
    message = f"{endpoint} refused the connection: {reason.text}".lower()
    if reason.code in _CREDENTIAL_CODES:
        return CredentialsRefusedError(message)
    if reason.code == _PROTOCOL_CODE:
        return ProtocolRefusedError(message)
    return RefusedError(message)


def _password(settings: MqttSettings) -> str | None:
    path = settings.password_file
    if path is None:
        return None
    try:
        return read_secret(path).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        msg = f"mqtt.password_file: cannot read '{path}' ({why}); expected a file with the password"
        raise ConfigError(msg) from exc


def _tls_context(settings: TlsSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        context.sslsocket_class = _TlsSocket
        if settings.cert_file is not None:
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except OSError as exc:  # ssl.SSLError is one
        files = ", ".join(
            str(f) for f in (settings.ca_file, settings.cert_file, settings.key_file) if f
        )
        msg = f"mqtt.tls: cannot use {files} ({exc}); expected certificates and key in PEM format"
        raise ConfigError(msg) from exc
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
