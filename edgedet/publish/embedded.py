"""A broker inside the process, for trying things out; the only file that knows amqtt.

It speaks MQTT 3.1.1 only, keeps nothing on disk and asks nobody for a password: not for production.
"""

import asyncio
import errno
import logging
import socket
import threading
from urllib.parse import urlsplit

from edgedet.errors import PublishError
from edgedet.stream.worker import Worker

logger = logging.getLogger(__name__)

_TICK_S = 0.1
_SETTLE_S = 1.0
_QUIET = ("amqtt", "transitions")
_PLUGINS = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}


class EmbeddedBroker:
    """A broker that runs from `start` to `stop`, on a thread of its own."""

    def __init__(self, listen: str) -> None:
        """Choose the port: that of `listen`, a `host:port`, or any other if it is taken.

        Raises:
            PublishError: `listen` is no address of this machine.
        """
        host, port = _split(listen)
        self._host = host
        self._port = _claim(host, port)
        self._is_ready = threading.Event()
        self._worker = Worker("embedded-broker", self._run, self._failed)

    @property
    def address(self) -> str:
        """Where it listens, as `host:port`; the port may be another than asked for."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"mqtt://{self.address}"

    def start(self, timeout_s: float) -> None:
        """Begin to listen; returns when clients may connect.

        Raises:
            PublishError: the broker is not installed, or does not start in time.
        """
        self._worker.start()
        is_in_time = self._is_ready.wait(timeout_s)
        error = self._worker.error
        if error is not None:
            raise PublishError(str(error)) from error
        if not is_in_time:
            msg = f"the embedded broker did not listen on {self.url} within {timeout_s:.1f} s"
            raise PublishError(msg)

    def stop(self, timeout_s: float) -> None:
        """Hang up on all clients and end the thread; may be called twice."""
        self._worker.stop(timeout_s)

    def _failed(self, error: BaseException) -> None:
        if self._is_ready.is_set():
            logger.error("the embedded broker ended: %s", error)
        self._is_ready.set()

    def _run(self, stop: threading.Event) -> None:
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        asyncio.run(self._serve(stop))

    async def _serve(self, stop: threading.Event) -> None:
        # here, for amqtt is an optional dependency and heavy
        try:
            from amqtt.broker import Broker  # noqa: PLC0415
            from amqtt.contexts import BrokerConfig, ListenerConfig  # noqa: PLC0415
            from amqtt.errors import BrokerError  # noqa: PLC0415
        except ImportError as exc:
            msg = "the embedded broker is not installed; run `pip install 'edgedet[embedded]'`"
            raise PublishError(msg) from exc

        class ClosingBroker(Broker):  # type: ignore[misc] # amqtt has no types
            """Closes each connection at its end, which amqtt leaves to the garbage collector."""

            async def stream_connected(
                self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
            ) -> None:
                try:
                    await super().stream_connected(reader, writer, listener_name)
                finally:
                    writer.close()

        listener = ListenerConfig(bind=f"{self._host}:{self._port}")
        broker = ClosingBroker(
            BrokerConfig(listeners={"default": listener}, plugins=dict(_PLUGINS))
        )
        try:
            await broker.start()
        except BrokerError as exc:
            msg = f"the embedded broker cannot listen on {self.url}: {exc}"
            raise PublishError(msg) from exc
        logger.info("embedded broker listens on %s", self.url)
        self._is_ready.set()
        try:
            while not stop.is_set():  # noqa: ASYNC110 - set by a thread that knows no event loop
                await asyncio.sleep(_TICK_S)
        finally:
            await broker.shutdown()
            await _settle()


async def _settle() -> None:
    """End amqtt's tasks, which it does not wait for, and let them close their connections."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_SETTLE_S)
    await asyncio.sleep(_TICK_S)


def _split(listen: str) -> tuple[str, int]:
    parts = urlsplit(f"//{listen}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or port is None:
        msg = f"mqtt.embedded_listen: '{listen}' is no address; expected host:port"
        raise PublishError(msg)
    return parts.hostname, port


def _claim(host: str, port: int) -> int:
    """`port` if it is free on `host`, else one that is; 0 asks for any."""
    try:
        return _bind_once(host, port)
    except OSError as exc:
        if exc.errno != errno.EADDRINUSE:
            msg = f"mqtt.embedded_listen: cannot listen on {host}:{port}: {exc.strerror or exc}"
            raise PublishError(msg) from exc
    free = _bind_once(host, 0)
    logger.warning(
        "port %d is taken: the embedded broker listens on %s:%d instead", port, host, free
    )
    return free


def _bind_once(host: str, port: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])
