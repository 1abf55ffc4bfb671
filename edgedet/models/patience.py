"""HTTP answers that come slowly: as long as they come they are waited for, and no longer.

A server may send a byte now and then, of its head or of its body, and never end. Each read has a
time limit of its own, which that outlasts; so here it counts what came in a while, and whoever
waits is asked twice a second whether to go on.
"""

import http.client
import io
import select
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import cast

MAX_WAIT_S = 60.0
LEAST_BYTES = 16 << 10
"""Less in `MAX_WAIT_S` is too slow: a hundredth of the slowest mobile network that is in use."""
_POLL_S = 0.5

Check = Callable[[], object]


class SlowServerError(OSError):
    """Too little came in too long a time."""


class _Reader(io.RawIOBase):
    """The bytes of a socket, as a raw stream."""

    def __init__(self, sock: socket.socket, check: Check) -> None:
        self._sock = sock
        self._check = check
        self._raw = cast("io.RawIOBase", sock.makefile("rb", 0))  # keeps the socket open
        self._came = 0
        self._since_s = time.monotonic()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        while not self._is_ready():
            self._look()
        self._look()
        count = self._raw.readinto(buffer)
        self._came += count or 0
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()

    def _is_ready(self) -> bool:
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return True
        poller = select.poll()  # select takes no file number above 1023
        poller.register(self._raw.fileno(), select.POLLIN)
        return bool(poller.poll(_POLL_S * 1000))

    def _look(self) -> None:
        self._check()
        now_s = time.monotonic()
        if now_s - self._since_s < MAX_WAIT_S:
            return
        if self._came < LEAST_BYTES:
            msg = f"only {self._came} bytes came in {MAX_WAIT_S:.0f} s"
            raise SlowServerError(msg)
        self._came, self._since_s = 0, now_s


class _Socket:
    """What `http.client` reads an answer from."""

    def __init__(self, sock: socket.socket, check: Check) -> None:
        self._sock = sock
        self._check = check

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._check))


class _Response(http.client.HTTPResponse):
    def __init__(
        self, check: Check, sock: socket.socket, debuglevel: int = 0, method: str | None = None
    ) -> None:
        super().__init__(cast("socket.socket", _Socket(sock, check)), debuglevel, method)


def patient_handlers(check: Check) -> tuple[urllib.request.BaseHandler, ...]:
    """For http and https; `check` is called meanwhile, and what it raises ends the request."""

    def plain(host: str, timeout: float) -> http.client.HTTPConnection:
        made = http.client.HTTPConnection(host, timeout=timeout)
        made.response_class = partial(_Response, check)  # type: ignore[assignment]
        return made

    def secure(host: str, timeout: float) -> http.client.HTTPConnection:
        made = http.client.HTTPSConnection(host, timeout=timeout)
        made.response_class = partial(_Response, check)  # type: ignore[assignment]
        return made

    class Http(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(plain, req)  # type: ignore[arg-type]

    class Https(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(secure, req)  # type: ignore[arg-type]

    return Http(), Https()
