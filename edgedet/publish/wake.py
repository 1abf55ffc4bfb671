"""A bell that wakes a thread out of a wait for the network."""

import select
import socket
import threading


class Wake:
    """Set by any thread, waited for and cleared by one. Does nothing once closed."""

    def __init__(self) -> None:
        """Make the pair of sockets; `close` frees them."""
        self._lock = threading.Lock()  # guards _is_set and the use of both sockets against close
        self._is_set = False
        self._is_closed = False
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)

    def fileno(self) -> int:
        """What to wait on, readable while set."""
        return self._reader.fileno()

    def set(self) -> None:
        """Wake the waiting thread, or the next wait."""
        with self._lock:
            if not self._is_set and not self._is_closed:
                self._is_set = True
                self._writer.send(b"\0")

    def clear(self) -> None:
        """Be quiet; call before looking at what the bell was rung for."""
        with self._lock:
            if self._is_set and not self._is_closed:
                self._is_set = False
                self._reader.recv(1)

    def wait(self, timeout_s: float) -> None:
        """Wait until set."""
        poller = select.poll()
        poller.register(self.fileno(), select.POLLIN)
        poller.poll(timeout_s * 1000)

    def close(self) -> None:
        """Free the sockets; may be called twice."""
        with self._lock:
            self._is_closed = True
            self._reader.close()
            self._writer.close()
