"""A scripted MQTT broker for one device: it hears everything, and misbehaves to order.

Not one for others: what is published to it is noted, not passed on. One thread serves all
connections; orders come from any thread and are carried out within a moment.
"""

import contextlib
import heapq
import selectors
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue

from edgedet.errors import SimError
from edgedet.sim.journal import Heard, Journal
from edgedet.sim.mqtt_packets import Publish, publish
from edgedet.sim.mqtt_wire import MalformedError
from edgedet.sim.peer_client import PeerClient
from edgedet.sim.peer_command import TAKEN_OVER, PeerCommand, PeerRules
from edgedet.sim.peer_facts import PeerFacts
from edgedet.stream.worker import Worker

_TICK_S = 0.02
_READ_BYTES = 65_536
_RECEIVE_BUFFER_BYTES = 16_384  # small, so that a peer that does not read is soon felt
_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class _Told:
    """An order, and the event that says it was carried out."""

    command: PeerCommand | Publish
    done: threading.Event


class MqttPeer:
    """The peer. `journal` has what it heard, wills of lost connections among it."""

    def __init__(self, journal: Journal) -> None:
        """Take a free port; it answers from `start` on."""
        self.journal = journal
        self._rules = PeerRules()
        self._facts = PeerFacts()
        self._told: SimpleQueue[_Told] = SimpleQueue()
        self._selector = selectors.DefaultSelector()
        self._clients: dict[object, PeerClient] = {}  # by socket
        self._acks: list[tuple[float, int, PeerClient, bytes]] = []
        self._ack_count = self._packet_id = 0
        self._listener: socket.socket | None = self._listen(0)
        self.port = int(self._listener.getsockname()[1])
        self._worker = Worker("mqtt-peer", self._serve)

    @property
    def url(self) -> str:
        """Its address."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def facts(self) -> Mapping[str, int | float | str]:
        """What it has counted; `protocol` and `client_id` are those of the last greeting."""
        return self._facts.all()

    def start(self) -> None:
        """Begin to serve."""
        self._worker.start()

    def stop(self) -> None:
        """End; may be called twice."""
        self._worker.stop(_STOP_TIMEOUT_S)
        for client in list(self._clients.values()):
            self._close(client, says_will=False)
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._selector.close()

    def tell(self, command: PeerCommand) -> None:
        """Carry out `command`, and return when that was done.

        Raises:
            SimError: if the peer does not run.
        """
        self._order(command)

    def publish(self, message: Publish) -> None:
        """Send a message to the device, if it has subscribed to such, at QoS 1 at most."""
        self._order(replace(message, qos=min(message.qos, 1)))

    def _order(self, command: PeerCommand | Publish) -> None:
        told = _Told(command, threading.Event())
        self._told.put(told)
        if not told.done.wait(_STOP_TIMEOUT_S):
            raise SimError("the MQTT peer does not answer; was it started?")  # noqa: EM101

    def _serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            with contextlib.suppress(Empty):
                while True:
                    told = self._told.get_nowait()
                    self._obey(told.command)
                    told.done.set()
            self._send_due_acks()
            for key, events in self._selector.select(_TICK_S):
                if key.fileobj is self._listener:
                    self._accept()
                elif (client := self._clients.get(key.fileobj)) is not None:
                    self._attend(client, events)
            if self._rules.bytes_per_s:
                stop.wait(_TICK_S)  # sockets that are read from slowly are always ready

    def _obey(self, command: PeerCommand | Publish) -> None:
        if isinstance(command, Publish):
            for client in list(self._clients.values()):
                if client.wants(command.topic):
                    self._packet_id = self._packet_id % 0xFFFF + 1
                    message = replace(command, packet_id=self._packet_id)
                    self._send(client, publish(message, client.protocol))
        elif self._rules.obey(command):
            for client in list(self._clients.values()):
                self._watch(client)
        elif command.do in {"off", "on"}:
            self._set_listening(is_wanted=command.do == "on")
        else:  # drop, take_over, disconnect
            code = TAKEN_OVER if command.do == "take_over" else command.code
            for client in list(self._clients.values()):
                if command.do != "drop":
                    self._send(client, client.farewell(code))
                self._close(client, says_will=command.do != "take_over")

    def _set_listening(self, *, is_wanted: bool) -> None:
        if is_wanted and self._listener is None:
            self._listener = self._listen(self.port)
        elif not is_wanted and self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
            for client in list(self._clients.values()):
                self._close(client, says_will=False)  # as a broker whose power is cut

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        listener.settimeout(0)
        self._selector.register(listener, selectors.EVENT_READ)
        return listener

    def _accept(self) -> None:
        if self._listener is None:
            return
        with contextlib.suppress(OSError):
            sock, _ = self._listener.accept()
            sock.settimeout(0)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = self._clients[sock] = PeerClient(sock, self._rules)
            self._selector.register(sock, selectors.EVENT_READ)
            self._watch(client)

    def _attend(self, client: PeerClient, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                self._send(client, b"")
            if events & selectors.EVENT_READ:
                allowed = client.allowance(_READ_BYTES, time.monotonic())
                data = client.sock.recv(allowed) if allowed else None
                if data == b"":
                    self._close(client, says_will=True)
                    return
                self._take(client, data or b"")
        except (OSError, MalformedError):
            self._close(client, says_will=True)

    def _take(self, client: PeerClient, data: bytes) -> None:
        client.feed(data)
        while (reply := client.turn()) is not None:
            if reply.heard is not None:
                self._note(reply.heard, is_will=False)
            for name, count in reply.counts.items():
                self._facts.count(name, count)
            if reply.is_greeting:
                self._facts.greeted(client.protocol, client.client_id)
            if reply.ack_at_s is None:
                self._send(client, reply.data)
            else:
                self._ack_count += 1
                entry = (reply.ack_at_s, self._ack_count, client, reply.data)
                heapq.heappush(self._acks, entry)
            if reply.hangs_up:
                self._close(client, says_will=not reply.is_goodbye)
                return

    def _send_due_acks(self) -> None:
        now_s = time.monotonic()
        while self._acks and self._acks[0][0] <= now_s:
            _, _, client, data = heapq.heappop(self._acks)
            if client.sock in self._clients:
                self._facts.count("unacknowledged", -1)
                self._send(client, data)

    def _send(self, client: PeerClient, data: bytes) -> None:
        try:
            client.send(data)
        except OSError:
            self._close(client, says_will=True)
            return
        self._watch(client)

    def _watch(self, client: PeerClient) -> None:
        """Register for what the client needs; one that is not read from is left alone."""
        events = selectors.EVENT_WRITE if client.has_unsent else 0
        if self._rules.bytes_per_s != 0:
            events |= selectors.EVENT_READ
        if client.sock in self._clients:
            with contextlib.suppress(KeyError):
                self._selector.unregister(client.sock)
            if events:
                self._selector.register(client.sock, events)

    def _close(self, client: PeerClient, *, says_will: bool) -> None:
        if self._clients.pop(client.sock, None) is None:
            return
        with contextlib.suppress(KeyError):
            self._selector.unregister(client.sock)
        client.sock.close()
        if client.is_accepted:
            self._facts.count("connected", -1)
        if says_will and client.will is not None and client.is_accepted:
            self._note(client.will, is_will=True)
        self._facts.forget_unacknowledged()

    def _note(self, message: Publish, *, is_will: bool) -> None:
        self.journal.add(
            Heard(
                topic=message.topic,
                payload=message.payload,
                qos=message.qos,
                retain=message.retain,
                at_s=time.monotonic(),
                properties=message.properties,
                is_duplicate=message.is_duplicate,
                is_will=is_will,
            )
        )
