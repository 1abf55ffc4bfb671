"""A label service to try uploads with: Roboflow's API on a port of this machine, faults to order.

    with LabelService(LabelOptions(api_key="secret")) as service:
        service.inject(LabelFault("rate_limited", on="upload", retry_after_s=2))
        ...                       # upload to service.url, with the key as ?api_key=
        service.images            # what arrived, byte for byte
        service.requests          # what was asked, and what was answered: (kind, status)

Everything is answered by one thread, one request after the other.
"""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType

from edgedet.errors import SimError
from edgedet.sim.label_dataset import Answer, LabelDataset, LabelImage, Request
from edgedet.sim.label_faults import FaultQueue, LabelFault
from edgedet.stream.worker import Worker

_TICK_S = 0.05
_CLIENT_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0
_MAX_BODY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """What the service is; port 0 takes a free one."""

    port: int = 0
    workspace: str = "sim"
    project: str = "frames"
    api_key: str = "sim-key"
    max_bytes: int = 20 * 1024 * 1024


class LabelService:
    """The service. `inject`, `forgive`, `set_online` and all properties are for any thread."""

    def __init__(self, options: LabelOptions | None = None) -> None:
        """Take the port; it answers from `start` on.

        Raises:
            SimError: if the port is taken.
        """
        self._options = options or LabelOptions()
        self._lock = threading.Lock()  # guards all that follows
        self._faults = FaultQueue()
        self._requests: list[tuple[str, int]] = []
        self._is_online = True
        self._dataset = LabelDataset(
            self._options.workspace,
            self._options.project,
            self._options.api_key,
            self._options.max_bytes,
        )
        self._server: HTTPServer | None = self._listen(self._options.port)
        self._port = int(self._server.server_address[1])
        self._stop = threading.Event()
        self._worker = Worker("labels", self._serve)

    @property
    def url(self) -> str:
        """Its address, in place of `https://api.roboflow.com`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def options(self) -> LabelOptions:
        """Key, workspace and project."""
        return self._options

    @property
    def images(self) -> tuple[LabelImage, ...]:
        """What is in the project, oldest first."""
        with self._lock:
            return tuple(self._dataset.images.values())

    @property
    def requests(self) -> tuple[tuple[str, int], ...]:
        """Kind and status of each request; status 0: there was no answer."""
        with self._lock:
            return tuple(self._requests)

    def inject(self, fault: LabelFault) -> None:
        """Let `fault` happen, after those that were injected before and are not used up."""
        with self._lock:
            self._faults.add(fault)

    def forgive(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def set_online(self, is_online: bool) -> None:
        """Off line nobody listens at the port, within a moment; what was uploaded stays."""
        with self._lock:
            self._is_online = is_online

    def start(self) -> None:
        """Begin to answer."""
        self._worker.start()

    def stop(self) -> None:
        """End, and free the port; may be called twice."""
        self._stop.set()
        self._worker.stop(_STOP_TIMEOUT_S)
        if self._server is not None:
            self._server.server_close()
            self._server = None

    def __enter__(self) -> "LabelService":  # noqa: PYI034 - Self is Python 3.11
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def respond(self, request: Request) -> Answer | bytes | None:
        """The answer, faults included; bytes that are none; None: hang up. For its own thread."""
        with self._lock:
            fault = self._faults.take(request.kind)
            answer = self._dataset.answer(request) if fault is None or fault.is_done else None
        if fault is not None and fault.kind == "silent":
            self._stop.wait(fault.delay_s)
        if fault is not None:
            answer = fault.spoil(answer)
        status = answer.status if isinstance(answer, Answer) else 0
        with self._lock:
            self._requests.append((request.kind, status))
        if fault is not None and fault.kind == "garbage":
            return b"<html>502 in disguise</html>"
        return answer

    def _listen(self, port: int) -> HTTPServer:
        try:
            server = _Server(("127.0.0.1", port), _Handler)
        except OSError as exc:
            msg = f"label service: cannot listen on port {port} ({exc.strerror}); choose a free one"
            raise SimError(msg) from exc
        server.service = self
        server.timeout = _TICK_S
        return server

    def _serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            with self._lock:
                is_online = self._is_online
            if not is_online:
                if self._server is not None:
                    self._server.server_close()
                    self._server = None
                stop.wait(_TICK_S)
                continue
            if self._server is None:
                self._server = self._listen(self._port)
            self._server.handle_request()


class _Server(HTTPServer):
    """Knows whom it serves, and says nothing on standard error."""

    service: LabelService

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is its own business."""


class _Handler(BaseHTTPRequestHandler):
    """One request on one connection."""

    timeout = _CLIENT_TIMEOUT_S
    server: _Server

    def _answer(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), _MAX_BODY_BYTES)
        headers = {key.lower(): value for key, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        answer = self.server.service.respond(request)
        if answer is None:
            return
        status, body, extra = 200, b"", {}
        if isinstance(answer, bytes):
            body, kind = answer, "text/html"
        else:
            status, extra = answer.status, dict(answer.headers)
            body, kind = json.dumps(answer.body).encode(), "application/json"
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": len(body), **extra}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - names that http.server looks for

    def log_message(self, *_arguments: object) -> None:
        """Addresses hold the key: nothing is logged."""
