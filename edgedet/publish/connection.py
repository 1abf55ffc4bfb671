"""One connection to an MQTT broker, from its opening to its end. For one thread."""

from collections import deque
from collections.abc import Callable, Sequence

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
from edgedet.publish.client import MqttClient
from edgedet.publish.in_flight import InFlight, Settled, Token
from edgedet.publish.readiness import wait_ready
from edgedet.publish.upgrade import Patience

_TIMEOUT_S = 4.0  # to connect, and then for the answer
_UPGRADE_TIMEOUT_S = 10.0  # to connect and be upgraded to WebSockets, over TLS or not
_TAKEN_OVER_CODE = 0x8E


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
        """Prepare; `open` does the work."""
        self.protocol = protocol
        self._endpoint = endpoint
        self._clock = clock
        self.in_flight = InFlight(clock, settled)
        self._client = MqttClient(
            endpoint,
            will,
            protocol,
            _TIMEOUT_S,
            lambda number, is_accepted: self.in_flight.answer(number, is_accepted=is_accepted),
        )

    @property
    def incoming(self) -> deque[Incoming]:
        """What came in, for whoever polls."""
        return self._client.incoming

    @property
    def window(self) -> int:
        """How many messages may be without an answer."""
        return self._client.window

    @property
    def max_packet_bytes(self) -> int | None:
        """The largest packet that the broker takes; None: it did not say."""
        return self._client.max_packet_bytes

    @property
    def certificate_ends_s(self) -> float | None:
        """When the broker's certificate ends, in seconds since 1970; None: it was not seen."""
        return self._client.certificate_ends_s

    def open(self, gives_up: Callable[[], bool]) -> None:
        """Connect and wait for the broker's answer, unless somebody `gives_up`.

        Raises:
            UnreachableError: nobody there, or no answer in time.
            RefusedError: the broker said no, or hung up on the greeting.
        """
        endpoint, client = self._endpoint, self._client
        try:
            client.connect(Patience(_UPGRADE_TIMEOUT_S, self._clock, gives_up))
            deadline = Deadline(_TIMEOUT_S, self._clock)
            while client.answer is None and not deadline.is_over() and not gives_up():
                self.poll(min(0.1, deadline.remaining_s()))
        except (OSError, ValueError, IndexError) as exc:  # the latter two from odd web servers
            self.abandon()
            msg = f"no connection to {endpoint}: {getattr(exc, 'strerror', None) or exc}"
            raise UnreachableError(msg) from exc
        except LostError as exc:
            if client.answer is None:
                raise hung_up(endpoint, self.protocol) from exc
        answer = client.answer
        if answer is None or answer.is_failure:
            self.abandon()
            raise refusal(endpoint, self.protocol, answer)

    @property
    def has_room(self) -> bool:
        """Whether another message may be sent: the window is open and the socket takes data."""
        return len(self.in_flight) < self.window and not self._client.wants_write

    def send(self, message: Message, token: Token) -> None:
        """Write `message` to the socket, as far as it takes it at once.

        Raises:
            LostError: the connection has ended; `message` is under way.
        """
        number, is_written = self._client.publish(message)
        self.in_flight.add(number, token)
        self.in_flight.settle()
        if not is_written:
            raise self._lost()

    def subscribe(self, topic_filters: Sequence[str], qos: int = 1) -> None:
        """Ask for what is published there; a refusal is logged.

        Raises:
            LostError: the connection has ended.
        """
        if topic_filters and not self._client.subscribe(topic_filters, qos):
            raise self._lost()

    def poll(self, timeout_s: float, wake_fd: int | None = None) -> None:
        """Wait for the network or `wake_fd`, do what is due, and return.

        Raises:
            LostError: the connection has ended.
        """
        client = self._client
        if (sock := client.socket) is None:
            raise self._lost()
        ready = wait_ready(sock, timeout_s, wants_write=client.wants_write, wake_fd=wake_fd)
        client.serve(reads=ready.is_readable, writes=ready.is_writable)
        self.in_flight.settle()
        if client.socket is None:
            raise self._lost()

    def close(self) -> None:
        """Say good-bye, so that the broker keeps the will to itself."""
        self._client.say_goodbye()
        self.abandon()

    def abandon(self) -> None:
        """Hang up without a good-bye: the broker will publish the will."""
        self._client.hang_up()

    def _lost(self) -> LostError:
        self.abandon()
        end = self._client.end
        message = f"connection to {self._endpoint} ended: {end and end.text}".lower()
        return LostError(message, is_taken_over=end is not None and end.code == _TAKEN_OVER_CODE)
