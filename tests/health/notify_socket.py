"""A service manager's end of the notify socket."""

import socket
import time
from pathlib import Path


class NotifySocket:
    """Receives what a service tells."""

    def __init__(self, address: str | Path) -> None:
        self.address = str(address)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address.replace("@", "\0", 1))
        self.messages: list[str] = []

    def receive(self, timeout_s: float) -> str | None:
        """The next datagram, or None."""
        self._socket.settimeout(timeout_s)
        try:
            message = self._socket.recv(4096).decode()
        except (TimeoutError, BlockingIOError):
            return None
        self.messages.append(message)
        return message

    def wait_for(self, text: str, timeout_s: float = 30.0) -> str:
        """The first datagram from now on that contains `text`."""
        end_s = time.monotonic() + timeout_s
        while (left_s := end_s - time.monotonic()) > 0:
            message = self.receive(left_s)
            if message is not None and text in message:
                return message
        msg = f"no {text!r} within {timeout_s} s, but {self.messages[-5:]}"
        raise AssertionError(msg)

    def drain(self) -> list[str]:
        """What has come and was not received yet."""
        found = []
        while (message := self.receive(0.0)) is not None:
            found.append(message)
        return found

    def close(self) -> None:
        self._socket.close()
