"""Waiting for a socket, be it encrypted or not, and for a bell beside it."""

import os
import select
import socket
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Readiness:
    """What can be done with a socket without waiting."""

    is_readable: bool
    is_writable: bool


class Socket(Protocol):
    """What is known of the many kinds of sockets."""

    def fileno(self) -> int:
        """What to wait on."""
        ...


def wait_ready(
    sock: Socket, timeout_s: float, *, wants_write: bool, wake_fd: int | None = None
) -> Readiness:
    """Wait until `sock` can be read, or written if asked for, or the bell at `wake_fd` rings.

    The end of a connection counts as something to read.
    """
    poller = select.poll()
    poller.register(sock.fileno(), select.POLLIN | (select.POLLOUT if wants_write else 0))
    if wake_fd is not None:
        poller.register(wake_fd, select.POLLIN)
    # bytes that TLS has decrypted already do not wake the poller
    pending = getattr(sock, "pending", None)
    has_pending = pending is not None and pending() > 0
    events = dict(poller.poll(0 if has_pending else timeout_s * 1000))
    event = events.get(sock.fileno(), 0)
    return Readiness(
        is_readable=has_pending or bool(event & ~select.POLLOUT),
        is_writable=bool(event & select.POLLOUT),
    )


def send_at_once(sock: Socket) -> None:
    """Turn Nagle's algorithm off: at QoS 0 it held every other message back by 30 ms."""
    # a second handle on the same connection, for what is wrapped around the first hides it
    with socket.socket(fileno=os.dup(sock.fileno())) as bare:
        bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
