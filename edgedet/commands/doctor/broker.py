"""The broker: does it answer, let us in, take what we write, keep it, and publish our will?"""

import datetime as dt
import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace

from edgedet.clock import Deadline, SystemClock
from edgedet.commands.doctor.checks import Check, failed, passed, warned
from edgedet.config.settings import Settings
from edgedet.errors import ConfigError, PublishError
from edgedet.publish.broker import (
    CredentialsRefusedError,
    Endpoint,
    Incoming,
    LostError,
    Message,
    Protocol,
    RefusedError,
    UnreachableError,
    endpoint_of,
)
from edgedet.publish.connection import Connection
from edgedet.publish.topics import Topics

_CONNECT_S = 5.0
_ANSWER_S = 3.0
_TICK_S = 0.1
_FEW_DAYS = 21


def examine(settings: Settings) -> Iterator[Check]:
    """What is to be said of the way out."""
    mqtt = settings.mqtt
    if mqtt.is_off or mqtt.is_embedded:
        where = "off" if mqtt.is_off else "embedded, for trying things out"
        yield passed("broker", f"mqtt is {where}")
        return
    try:
        endpoint = endpoint_of(mqtt, f"edgedet-doctor-{secrets.token_hex(4)}")
    except ConfigError as exc:
        yield failed("broker", str(exc), "correct the mqtt section")
        return
    if endpoint.tls_context is not None:
        check = _certificate(endpoint, endpoint.tls_context)
        yield check
        if check.fix and "expires" not in check.detail:
            return
    topics = Topics(mqtt.topic_root, settings.device.site, settings.device.name)
    yield from _Trial(endpoint, f"{topics.prefix}/doctor").run()


class _Trial:
    """Connects as the service would, but under another name, and writes to a topic of its own."""

    def __init__(self, endpoint: Endpoint, topic: str) -> None:
        self._endpoint = endpoint
        self._topic = topic
        self._clock = SystemClock()
        self._answers: dict[object, bool] = {}
        self._received: list[Incoming] = []

    def run(self) -> Iterator[Check]:
        """All that can be tried, as far as the broker lets us."""
        try:
            writer = self._open(self._will())
        except CredentialsRefusedError as exc:
            yield failed("broker", str(exc), "correct mqtt.username and mqtt.password_file")
            return
        except RefusedError as exc:
            yield failed("broker", str(exc), "the broker's log says why")
            return
        except UnreachableError as exc:
            yield failed("broker", str(exc), "is mqtt.url right, and does the broker run?")
            return
        yield passed("broker", f"{self._endpoint} lets us in, MQTT {writer.protocol}")
        try:
            yield from self._write_and_read(writer)
        except (LostError, PublishError) as exc:
            yield failed("broker", str(exc), "the broker's log says why it hung up")
        finally:
            writer.abandon()

    def _write_and_read(self, writer: Connection) -> Iterator[Check]:
        accepted = self._publish(writer, b"doctor", retain=True)
        if not accepted:
            yield failed(
                "publish",
                f"the broker does not take what we write to {self._topic}",
                f"let this client write to {self._topic.rpartition('/')[0]}/#",
            )
            return
        yield passed("publish", f"what we write to {self._topic} is taken, QoS 1")
        reader = self._open(None)
        try:
            reader.subscribe([self._topic])
            is_kept = self._wait(reader, lambda: any(m.retain for m in self._received))
            if not is_kept:
                yield warned(
                    "read back",
                    f"we may write to {self._topic}, not read it",
                    "as it should be with an access list for devices; retained state and will"
                    " could not be tried",
                )
                return
            yield passed("retained", "what is retained comes back")
            self._received.clear()
            writer.abandon()  # without a good-bye
            if self._wait(reader, lambda: any(m.payload == b"will" for m in self._received)):
                yield passed("will", "the broker publishes our will")
            else:
                yield warned("will", "the broker did not publish our will", "may we have one?")
        finally:
            self._publish(reader, b"", retain=True)
            reader.close()

    def _open(self, will: Message | None) -> Connection:
        """A connection, in MQTT 3.1.1 where the broker knows no 5."""
        errors: list[PublishError] = []
        for protocol in (Protocol.V5, Protocol.V311):
            endpoint = _named(self._endpoint, protocol)
            connection = Connection(endpoint, will, protocol, self._clock, self._settled)
            deadline = Deadline(_CONNECT_S, self._clock)
            try:
                connection.open(deadline.is_over)
            except CredentialsRefusedError:
                raise
            except PublishError as exc:
                errors.append(exc)
            else:
                return connection
        raise errors[0]

    def _publish(self, connection: Connection, payload: bytes, *, retain: bool) -> bool:
        token = object()
        message = Message(self._topic, payload, "", secrets.token_hex(4), 1, retain=retain)
        connection.send(message, token)
        self._wait(connection, lambda: token in self._answers)
        return self._answers.get(token, False)

    def _wait(self, connection: Connection, is_done: Callable[[], bool]) -> bool:
        deadline = Deadline(_ANSWER_S, self._clock)
        while not is_done() and not deadline.is_over():
            connection.poll(_TICK_S)
            self._received += connection.incoming
            connection.incoming.clear()
        return is_done()

    def _settled(self, token: object, is_accepted: bool) -> None:
        self._answers[token] = is_accepted

    def _will(self) -> Message:
        return Message(self._topic, b"will", "", secrets.token_hex(4), 1, retain=False)


def _named(endpoint: Endpoint, protocol: Protocol) -> Endpoint:
    """`endpoint` for a connection that leaves nothing behind."""
    return replace(
        endpoint,
        client_id=f"edgedet-doctor-{secrets.token_hex(4)}",
        will_delay_s=0,
        protocol=protocol,
        keeps_session=False,
    )


def _certificate(endpoint: Endpoint, context: ssl.SSLContext) -> Check:
    """Is the broker's certificate accepted, and for how many days more?"""
    name = "certificate"
    try:
        with (
            socket.create_connection((endpoint.host, endpoint.port), timeout=_CONNECT_S) as plain,
            context.wrap_socket(plain, server_hostname=endpoint.host) as wrapped,
        ):
            told = wrapped.getpeercert() or {}
    except ssl.SSLCertVerificationError as exc:
        return failed(
            name,
            f"{endpoint}: {exc.verify_message}",
            "set mqtt.tls.ca_file to the authority that signed it, or renew it",
        )
    except OSError as exc:
        return failed(
            name,
            f"{endpoint}: {exc.strerror or exc}",
            "is mqtt.url right, and is this port for TLS?",
        )
    ends = told.get("notAfter")
    if not isinstance(ends, str):
        return warned(name, "is not checked", "remove mqtt.tls.insecure outside a laboratory")
    days = (dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), dt.timezone.utc)
            - dt.datetime.now(dt.timezone.utc)).days  # fmt: skip
    if days < _FEW_DAYS:
        return warned(name, f"the broker's expires in {days} days", "renew it")
    return passed(name, f"the broker's is accepted, and valid for {days} days")
