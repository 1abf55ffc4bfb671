"""The upgrade of a connection to WebSockets, within a limit that no server can stretch.

paho reads the answer byte by byte, and gives each byte a time limit of its own: a server that drips
it would hold the thread for as long as it likes, and a line without an end would fill the memory.
"""

import ssl
from collections.abc import Callable
from socket import socket

from edgedet.clock import Clock, Deadline
from edgedet.publish.readiness import wait_ready

_TICK_S = 0.1
_MAX_BYTES = 16 * 1024  # what web servers and browsers allow for a head, and more


class Patience:
    """How long somebody waits for a connection: so long, and no longer than it is wanted."""

    def __init__(self, timeout_s: float, clock: Clock, gives_up: Callable[[], bool]) -> None:
        """Count from now; `gives_up` is asked several times a second, by the thread that waits."""
        self.timeout_s = timeout_s
        self.deadline = Deadline(timeout_s, clock)
        self.gives_up = gives_up

    @property
    def is_over(self) -> bool:
        """Whether to wait no longer."""
        return self.deadline.is_over() or self.gives_up()


class Upgrading:
    """A socket while it is upgraded, as far as paho needs one. For one thread."""

    def __init__(self, sock: socket, patience: Patience) -> None:
        """Read and write `sock`, which must not block."""
        self._sock = sock
        self._patience = patience
        self._read_bytes = 0

    def send(self, data: bytes) -> int:
        """Write the request, which a new connection takes at once; how much of it was taken."""
        return self._sock.send(data)

    def recv(self, size: int) -> bytes:
        """Bytes of the answer, at most `size`; none at its end.

        Raises:
            TimeoutError: the time is over, or nobody waits any longer.
            ConnectionAbortedError: the answer is larger than any that is meant for us.
        """
        while True:
            try:
                data = self._sock.recv(size)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait()
                continue
            self._read_bytes += len(data)
            if self._read_bytes > _MAX_BYTES:
                msg = f"more than {_MAX_BYTES} bytes in answer to the upgrade to WebSockets"
                raise ConnectionAbortedError(msg)
            if self._patience.deadline.is_over():
                raise self._timeout()
            return data

    def _wait(self) -> None:
        timeout_s = min(_TICK_S, self._patience.deadline.remaining_s())
        wait_ready(self._sock, timeout_s, wants_write=False)
        if self._patience.is_over:
            raise self._timeout()

    def _timeout(self) -> TimeoutError:
        seen = "only a part of the" if self._read_bytes else "no"
        return TimeoutError(
            f"{seen} answer to the upgrade to WebSockets within {self._patience.timeout_s:g} s; "
            "expected a broker that listens for WebSockets there"
        )
