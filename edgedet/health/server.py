"""The web server: the only file that knows uvicorn. One thread with one event loop.

It is bounded: in connections, in the size of heads, in the time of a silent peer.
"""

import asyncio
import logging
import socket
import threading

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from edgedet.config.http import HttpSettings
from edgedet.errors import ConfigError
from edgedet.health.site import Site
from edgedet.stream.worker import Worker

logger = logging.getLogger(__name__)

_MAX_CONNECTIONS = 64
_MAX_HEAD_BYTES = 16_384
_SILENT_S = 10.0  # for a request that is begun and not finished
_KEEP_ALIVE_S = 5
_PEER_TIMEOUT_MS = 20_000  # a telephone that went to sleep while it was being sent pictures


class WebServer:
    """Listens from the moment it is made, answers from `start` to `stop`."""

    def __init__(self, settings: HttpSettings, site: Site) -> None:
        """Take the port.

        Raises:
            ConfigError: it cannot be had.
        """
        self._socket = _listening(settings)
        host, port = self._socket.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._site = site
        config = uvicorn.Config(
            site.app(),
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        )
        self._server = uvicorn.Server(config)
        self._worker = Worker("http", self._run)

    def start(self) -> None:
        """Begin to answer."""
        # what a peer sends is no news: neither nonsense nor the server's own start and end
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self._worker.start()
        logger.info("the page is at %s", self.url)

    def stop(self, timeout_s: float) -> bool:
        """Answer no more; whether the thread ended. May be called twice, or unstarted."""
        self._site.close()
        self._server.should_exit = True
        has_ended = self._worker.stop(timeout_s)
        has_ended &= self._site.stop(timeout_s)
        self._socket.close()
        return has_ended

    def _run(self, _stop: threading.Event) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


class _Connection(H11Protocol):
    """A connection that ends when its peer is silent, or when others need its place.

    When there are too many, the one goes that has been there longest without a request under way,
    and if there is none, the one whose request has had no word of an answer: so peers that only
    hold connections, or never end what they send, keep nobody from asking `/healthz`.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since_s = self.loop.time()
        self._was_silent = self.is_ending = False
        self._timer = self.loop.call_later(_SILENT_S, self._look_round)
        # those that end are among the connections until the loop's next turn
        others = [each for each in self.connections if isinstance(each, _Connection)]
        staying = [each for each in others if not each.is_ending]
        if len(staying) > _MAX_CONNECTIONS:
            unheard = [each for each in staying if each is not self and not each.is_speaking]
            min(unheard, key=lambda each: (not each.is_waiting, each.since_s), default=self).end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def _look_round(self) -> None:
        """A head that is not complete by the second look never will be."""
        if self.is_waiting and self._was_silent:
            self.end()
            return
        self._was_silent = self.is_waiting
        self._timer = self.loop.call_later(_SILENT_S, self._look_round)

    @property
    def is_waiting(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def is_speaking(self) -> bool:
        """Whether an answer has begun and goes on, as a page's pictures do."""
        return not self.is_waiting and self.cycle.response_started

    def end(self) -> None:
        """Hang up."""
        self.is_ending = True
        self.transport.abort()


def _listening(settings: HttpSettings) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections inherit it
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _PEER_TIMEOUT_MS)
            listening.bind(address)
            listening.listen(_MAX_CONNECTIONS)
        except OSError:
            listening.close()
            raise
    except OSError as exc:
        msg = (
            f"http.listen: cannot listen on '{settings.listen}': {exc.strerror}; expected an"
            " address of this machine and a port that is free, or `off`"
        )
        raise ConfigError(msg) from exc
    return listening
