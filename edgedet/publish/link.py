"""How we stand with the broker: attempts and their outcome, and when to try again."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from edgedet.clock import Clock
from edgedet.publish.backoff import Backoff
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
from edgedet.publish.connection import Connection
from edgedet.publish.in_flight import Settled

logger = logging.getLogger(__name__)

_CONFLICT_WINDOW_S = 60.0
_CONFLICT_WAIT_S = 60.0
_STEADY_S = 10.0
_HANG_UPS_BEFORE_FALLBACK = 2
_SHORT_LIVES_BEFORE_HINT = 3
_DAY_S = 86_400.0
_ENOUGH_DAYS = 14.0


class LinkState(str, Enum):
    """How we stand with the broker."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    BAD_CREDENTIALS = "bad_credentials"
    CLIENT_ID_CONFLICT = "client_id_conflict"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """A snapshot. `reason` says why there is no connection; it never holds credentials.

    `certificate_ends_s`: of the broker, as of the latest connection, in seconds since 1970.
    """

    state: LinkState
    reason: str = ""
    protocol: Protocol = Protocol.V5
    connections: int = 0
    certificate_ends_s: float | None = None

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(0, self.connections - 1)


class Link:
    """Makes connections to one broker, in turn. `status` for any thread, the rest for one."""

    def __init__(
        self,
        endpoint: Endpoint,
        will: Callable[[int], Message] | None,
        clock: Clock,
        settled: Settled,
    ) -> None:
        """Reach for `endpoint`; `will` gives the last words of connection number n, if any."""
        self._endpoint = endpoint
        self._will = will
        self._clock = clock
        self._settled = settled
        self._backoff = Backoff()
        self._lock = threading.Lock()  # guards _status
        self._status = LinkStatus(LinkState.CONNECTING)
        self._protocol = endpoint.protocol
        self._client_id = endpoint.client_id
        self._hang_ups = 0
        self._short_lives = 0
        self._since_s = 0.0
        self._take_overs: deque[float] = deque(maxlen=2)

    @property
    def status(self) -> LinkStatus:
        """How we stand now."""
        with self._lock:
            return self._status

    def connect(self, gives_up: Callable[[], bool]) -> Connection | float:
        """A new connection, or the seconds to wait before the next attempt."""
        number = self.status.connections + 1
        will = None if self._will is None else self._will(number)
        connection = Connection(self._endpoint, will, self._protocol, self._clock, self._settled)
        try:
            connection.open(gives_up)
        except (RefusedError, UnreachableError) as exc:
            if gives_up():
                return 0.0  # it had no chance
            return self._refused(exc) if isinstance(exc, RefusedError) else self._unreachable(exc)
        self._hang_ups = 0
        self._since_s = self._clock.monotonic()
        ends_s = connection.certificate_ends_s
        self._set(LinkStatus(LinkState.CONNECTED, "", self._protocol, number, ends_s))
        logger.info("connected to %s, MQTT %s", self._endpoint, self._protocol)
        self._warn_of_certificate(ends_s)
        return connection

    def lost(self, loss: LostError) -> float:
        """Note the end of a connection; the seconds to wait before the next attempt."""
        now_s = self._clock.monotonic()
        if loss.is_taken_over:
            self._take_overs.append(now_s)
            if len(self._take_overs) == 2 and now_s - self._take_overs[0] < _CONFLICT_WINDOW_S:
                reason = (
                    f"another client uses our client id '{self._client_id}'; "
                    "give each device a name of its own (device.name)"
                )
                self._tell(LinkState.CLIENT_ID_CONFLICT, reason)
                return _CONFLICT_WAIT_S
        if now_s - self._since_s >= _STEADY_S:
            self._backoff.reset()
            self._short_lives = 0
            return self._failed(LinkState.CONNECTING, loss)
        self._short_lives += 1
        if self._short_lives < _SHORT_LIVES_BEFORE_HINT:
            return self._failed(LinkState.CONNECTING, loss)
        # a broker that does not say why, as mosquitto 2.0, hangs up in the same way
        hint = f"{loss}; if this goes on, look for another client with the id '{self._client_id}'"
        return self._failed(LinkState.CONNECTING, LostError(hint))

    def stopped(self) -> None:
        """Note that no more attempts are made."""
        self._set(replace(self.status, state=LinkState.STOPPED, reason=""))

    def _warn_of_certificate(self, ends_s: float | None) -> None:
        days = _ENOUGH_DAYS
        if ends_s is not None:
            days = (ends_s - self._clock.utc_now().timestamp()) / _DAY_S
        if days < _ENOUGH_DAYS:
            logger.warning("the certificate of %s ends in %.0f days", self._endpoint, days)

    def _refused(self, exc: RefusedError) -> float:
        if isinstance(exc, ProtocolRefusedError):
            return self._fall_back(exc)
        is_about_us = isinstance(exc, CredentialsRefusedError)
        return self._failed(LinkState.BAD_CREDENTIALS if is_about_us else LinkState.REFUSED, exc)

    def _unreachable(self, exc: UnreachableError) -> float:
        if not isinstance(exc, HungUpError):
            self._protocol = self._endpoint.protocol  # another broker may come back at the address
            return self._failed(LinkState.UNREACHABLE, exc)
        self._hang_ups += 1
        if self._hang_ups >= _HANG_UPS_BEFORE_FALLBACK:
            return self._fall_back(exc)
        return self._failed(LinkState.UNREACHABLE, exc)

    def _fall_back(self, exc: Exception) -> float:
        self._hang_ups = 0
        if self._protocol is Protocol.V5:
            self._protocol = Protocol.V311
            logger.info("%s; trying MQTT %s", exc, self._protocol)
            return 0.0
        self._protocol = Protocol.V5
        state = LinkState.UNREACHABLE if isinstance(exc, UnreachableError) else LinkState.REFUSED
        return self._failed(state, exc)

    def _failed(self, state: LinkState, exc: Exception) -> float:
        wait_s = self._backoff.next_s()
        self._tell(state, str(exc))
        return wait_s

    def _tell(self, state: LinkState, reason: str) -> None:
        status = self.status
        if (state, reason) == (status.state, status.reason):
            logger.debug("still %s: %s", state.value, reason)
            return
        level = logging.ERROR if state in _FOR_A_PERSON else logging.WARNING
        logger.log(level, "%s; trying again", reason)
        self._set(replace(status, state=state, reason=reason))

    def _set(self, status: LinkStatus) -> None:
        with self._lock:
            self._status = status


_FOR_A_PERSON = frozenset(
    {LinkState.BAD_CREDENTIALS, LinkState.REFUSED, LinkState.CLIENT_ID_CONFLICT}
)
