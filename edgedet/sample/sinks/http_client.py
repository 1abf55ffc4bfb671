"""One HTTP request at a time over one connection that is kept, with a time limit and a way out."""

import contextlib
import http.client
import logging
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from edgedet.sample.base import SinkBusyError

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 10.0
_MOST_BYTES = 1 << 20  # of an answer
_HTTP_PORT, _HTTPS_PORT = 80, 443


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers that matter, body."""

    status: int
    retry_after: str | None
    content: bytes


class HttpClient:
    """Posts to one host. One thread posts; `close` is for any, and ends a post that is under way.

    Nothing it raises or logs holds a path or a parameter: keys are in there.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        """`url`: scheme, host and port. Nothing is opened yet."""
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (_HTTPS_PORT if self._is_tls else _HTTP_PORT)
        self._timeout_s = timeout_s
        self._lock = threading.Lock()  # guards what follows
        self._connection: http.client.HTTPConnection | None = None
        self._is_closed = False

    def post(
        self, target: str, body: bytes, headers: Mapping[str, str], method: str = "POST"
    ) -> Response:
        """Send a request and read its answer.

        Raises:
            SinkBusyError: the host was not reached, or did not answer: nobody knows what it did.
        """
        is_reused = self._connection is not None
        try:
            try:
                return self._post(method, target, body, headers)
            except (ConnectionError, http.client.RemoteDisconnected):
                if not is_reused:
                    raise
                self._disconnect()  # the host closed what was idle; twice does no harm
                return self._post(method, target, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as exc:
            self._disconnect()
            reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else ""
            msg = f"{self._host}:{self._port} not reached: {reason or type(exc).__name__}"
            raise SinkBusyError(msg) from None  # what http.client says may hold the address

    def close(self) -> None:
        """End what is under way, and take no more; may be called twice."""
        with self._lock:
            self._is_closed = True
        self._disconnect()

    def _post(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Response:
        connection = self._connected()
        connection.request(method, target, body, dict(headers))
        answer = connection.getresponse()
        content = answer.read(_MOST_BYTES)
        response = Response(answer.status, answer.getheader("Retry-After"), content)
        if answer.will_close or answer.length:
            self._disconnect()
        return response

    def _connected(self) -> http.client.HTTPConnection:
        with self._lock:
            if self._is_closed:
                msg = "closed"
                raise ConnectionAbortedError(msg)
            if self._connection is not None:
                return self._connection
        connection: http.client.HTTPConnection
        if self._is_tls:
            connection = http.client.HTTPSConnection(
                self._host,
                self._port,
                timeout=_CONNECT_TIMEOUT_S,
                context=ssl.create_default_context(),
            )
        else:
            connection = http.client.HTTPConnection(
                self._host, self._port, timeout=_CONNECT_TIMEOUT_S
            )
        connection.connect()
        connection.sock.settimeout(self._timeout_s)
        with self._lock:
            self._connection = connection
        return connection

    def _disconnect(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.sock is not None:
            with contextlib.suppress(OSError):  # wakes a thread that reads from it
                connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()
