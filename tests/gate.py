"""A door between a device and its broker, which a test opens, shuts and slams."""

import contextlib
import selectors
import socket
import threading
import time
from collections import deque

from tests.brokers import free_port


class Gate:
    """Forwards connections to a port of 127.0.0.1 while it is open. One thread, until `close`.

    What the broker says arrives `delay_s` later, so that much is under way at any time.
    """

    def __init__(self, target_port: int, delay_s: float = 0.0) -> None:
        """Shut at first."""
        self._delay_s = delay_s
        self._late: deque[tuple[float, socket.socket, bytes]] = deque()
        self._from_broker: set[socket.socket] = set()
        self.port = free_port()
        self._target_port = target_port
        self._lock = threading.Lock()  # guards everything below
        self._listener: socket.socket | None = None
        self._peer_of: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._must_end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gate")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Let connections through."""
        with self._lock:
            if self._listener is None:
                self._listener = socket.create_server(("127.0.0.1", self.port))
                self._selector.register(self._listener, selectors.EVENT_READ)

    def slam(self) -> None:
        """Cut all connections, in the middle of a message if so it happens."""
        with self._lock:
            for sock in list(self._peer_of):
                self._drop(sock)

    def shut(self) -> None:
        """Cut all connections, and let none through."""
        with self._lock:
            if self._listener is not None:
                self._selector.unregister(self._listener)
                self._listener.close()
                self._listener = None
        self.slam()

    def close(self) -> None:
        self._must_end.set()
        self._thread.join()
        self.shut()
        self._selector.close()

    def _run(self) -> None:
        while not self._must_end.wait(0 if self._selector.get_map() else 0.005):
            with self._lock:
                self._send_late()
            for key, _ in self._selector.select(0.005):
                with self._lock:
                    if key.fileobj is self._listener:
                        self._accept()
                    elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._peer_of:
                        self._forward(key.fileobj)

    def _accept(self) -> None:
        assert self._listener is not None
        device, _ = self._listener.accept()
        try:
            broker = socket.create_connection(("127.0.0.1", self._target_port), 1.0)
        except OSError:
            device.close()
            return
        self._from_broker.add(broker)
        for sock, peer in ((device, broker), (broker, device)):
            sock.settimeout(1.0)
            self._peer_of[sock] = peer
            self._selector.register(sock, selectors.EVENT_READ)

    def _forward(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(1 << 16)
            if data and self._delay_s and sock in self._from_broker:
                due_s = time.monotonic() + self._delay_s
                self._late.append((due_s, self._peer_of[sock], data))
                return
            if data:
                self._peer_of[sock].sendall(data)
                return
        except OSError:
            pass
        self._drop(sock)

    def _send_late(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            _, sock, data = self._late.popleft()
            if sock in self._peer_of:
                try:
                    sock.sendall(data)
                except OSError:
                    self._drop(sock)

    def _drop(self, sock: socket.socket) -> None:
        peer = self._peer_of.pop(sock, None)
        if peer is not None:
            for end in (sock, peer):
                self._from_broker.discard(end)
                self._peer_of.pop(end, None)
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(end)
                end.close()
