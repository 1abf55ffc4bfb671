"""A real web server over figures of our own, and a client that sends what it is told."""

import http.client
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgedet.clock import SystemClock
from edgedet.config.http import HttpSettings
from edgedet.detections import Detections, FrameDetections, SeenFrame
from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo, PixelFormat
from edgedet.health.answers import Answers, Looks
from edgedet.health.base import Vitals
from edgedet.health.gallery import Gallery
from edgedet.health.guard import Guard, read_token
from edgedet.health.history import History
from edgedet.health.page_files import PageFiles
from edgedet.health.samples import SampleAnswers
from edgedet.health.server import WebServer
from edgedet.health.site import Site
from edgedet.sample_desk import SampleDesk
from edgedet.sampling import Sampling
from edgedet.stream.tap import FrameListener
from tests.health.figures import NOON, a_source, the_vitals

WAIT_S = 20.0


def seen_frame(source_id: str, seq: int, height: int = 48, width: int = 64) -> SeenFrame:
    """A frame, black but for a white upper left quarter, with one object there."""
    capture = CaptureTime(NOON, CaptureSource.ARRIVAL)
    info = FrameInfo(source_id, seq, width, height, None, capture, arrival_s=5.0)
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[: height // 2, : width // 2] = 255
    boxes = np.array([[0, 0, width / 2, height / 2]], dtype=np.float32)
    found = Detections(boxes, np.array([0.9], np.float32), np.array([0], np.int32))
    result = FrameDetections(info, found, infer_end_s=5.02, tracks=("6f1c-7",), zones=(("yard",),))
    return SeenFrame(Frame(info, PixelFormat.RGB, (pixels,)), result)


class FakeTap:
    """A tap whose frames come from a test."""

    def __init__(self) -> None:
        self.listeners: list[FrameListener] = []
        self.came = threading.Event()

    def add(self, listener: FrameListener) -> None:
        self.listeners.append(listener)
        self.came.set()

    def remove(self, listener: FrameListener) -> None:
        if listener in self.listeners:
            self.listeners.remove(listener)

    def show(self, source_id: str, seq: int) -> int:
        """Offer a frame to all; how many wanted it."""
        seen = seen_frame(source_id, seq)
        takers = [each for each in self.listeners if each.wants(seen.frame.info)]
        for listener in takers:
            listener.take(seen)
        return len(takers)


@dataclass
class SiteStand:
    """A server that runs, and what it answers from."""

    token_file: Path | None = None
    vitals: Vitals = field(default_factory=lambda: the_vitals(a_source("gate"), a_source("dock")))
    silence_s: float = 0.0
    sampling: Sampling | None = None

    def __post_init__(self) -> None:
        self.tap = FakeTap()
        self._pages: list[LivePage] = []
        settings = HttpSettings(listen="127.0.0.1:0", token_file=self.token_file)
        guard = Guard(None if self.token_file is None else read_token(self.token_file))
        self.history = History(SystemClock())
        yard = {"name": "yard", "points": [[0.1, 0.6], [0.4, 0.6], [0.2, 0.9]]}
        places: dict[str, dict[str, object]] = {"gate": {"zones": [yard]}}
        looks = Looks(lambda: self.vitals, lambda: self.silence_s, self.history, lambda: places)
        self.gallery = Gallery(self.tap, ("person",), 1000, SystemClock())
        states = {each.status.source_id: each.status.state for each in self.vitals.sources}
        desk = SampleDesk(lambda: self.sampling, states.get, SystemClock())
        samples = SampleAnswers(desk)
        site = Site(Answers(looks, guard, PageFiles()), samples, self.gallery, guard)
        self.server = WebServer(settings, site)
        self.port = int(self.server.url.rpartition(":")[2])
        self.server.start()

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case, and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        content = response.read()
        connection.close()
        return response.status, found, content

    def post(self, path: str, content: object, **headers: str) -> tuple[int, Any]:
        """Status and JSON of a request that changes something."""
        body = json.dumps(content).encode()
        status, _, answer = self.ask(path, "POST", body, Content_Type="application/json", **headers)
        return status, json.loads(answer)

    def open(self, path: str) -> "LivePage":
        """A stream of pictures, as a page has it open."""
        page = LivePage(self.port, path)
        self._pages.append(page)
        return page

    def stop(self) -> None:
        for page in self._pages:
            page.close()
        assert self.server.stop(WAIT_S)


class LivePage:
    """A connection that pictures come over."""

    def __init__(self, port: int, path: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
        self._connection.request("GET", path)
        self._response = self._connection.getresponse()
        self.status = self._response.status

    def part(self) -> tuple[dict[str, Any], bytes]:
        """The next head and picture."""
        lengths = self._response.read(8)
        head_bytes, data_bytes = (int.from_bytes(lengths[at : at + 4], "big") for at in (0, 4))
        head: dict[str, Any] = json.loads(self._response.read(head_bytes))
        # read(0) would wait for the next chunk
        return head, self._response.read(data_bytes) if data_bytes else b""

    def rest(self) -> bytes:
        """Whatever is left."""
        return self._response.read()

    def close(self) -> None:
        self._response.close()
        self._connection.close()
