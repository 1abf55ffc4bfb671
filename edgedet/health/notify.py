"""Datagrams to the service manager: ready, alive, stopping, and how it goes.

Source: sd_notify(3). The protocol is a datagram of lines to a socket, so no library is needed.
"""

import logging
import socket
import time

logger = logging.getLogger(__name__)

_SEND_TIMEOUT_S = 1.0
_MAX_STATUS_CHARS = 400


class Notifier:
    """Speaks to a service manager; with an empty address to nobody. For any thread."""

    def __init__(self, address: str) -> None:
        """Speak to the socket at `address`; `@` at its start stands for the abstract namespace."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._has_failed = False

    def ready(self, status: str) -> None:
        """The service works now."""
        self._send("READY=1", _status(status))

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def status(self, status: str) -> None:
        """The line that `systemctl status` shows."""
        self._send(_status(status))

    def extend_start(self, seconds: float) -> None:
        """Ask for patience: loading goes on for at most so long from now."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def reloading(self) -> None:
        """The configuration is being read again; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        """The service is on its way down."""
        self._send("STOPPING=1", _status(status))

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_SEND_TIMEOUT_S)
                sender.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
        except OSError as exc:
            if not self._has_failed:  # a manager that is gone is told of once
                self._has_failed = True
                logger.warning("the service manager does not take notifications: %s", exc)


def _status(text: str) -> str:
    """One line, whatever is in it: a line break would begin another assignment."""
    return "STATUS=" + " ".join(text.split())[:_MAX_STATUS_CHARS]
