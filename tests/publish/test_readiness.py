"""Waiting for a socket and a bell."""

import socket
import time

from edgedet.publish.readiness import Readiness, send_at_once, wait_ready
from edgedet.publish.wake import Wake


def test_tells_what_can_be_done_without_waiting() -> None:
    left, right = socket.socketpair()
    with left, right:
        assert wait_ready(left, 0.0, wants_write=False) == Readiness(False, False)  # noqa: FBT003
        assert wait_ready(left, 0.0, wants_write=True).is_writable

        right.send(b"x")
        assert wait_ready(left, 5.0, wants_write=False) == Readiness(True, False)  # noqa: FBT003

        left.recv(1)
        right.close()
        assert wait_ready(left, 5.0, wants_write=False).is_readable


def test_bell_ends_the_wait() -> None:
    left, right = socket.socketpair()
    wake = Wake()
    wake.set()
    begin_s = time.monotonic()
    with left, right:
        ready = wait_ready(left, 30.0, wants_write=False, wake_fd=wake.fileno())
    wake.close()

    assert not ready.is_readable
    assert time.monotonic() - begin_s < 20.0


def test_small_messages_go_out_at_once() -> None:
    with socket.socket() as sock:
        send_at_once(sock)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
