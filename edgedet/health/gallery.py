"""Pictures for the pages that are open: none is copied or encoded when nobody looks.

A viewer is hungry for a source until it has been given a frame, and again once that was sent. So a
slow telephone gets fewer pictures, the newest each time, and nothing piles up. All viewers together
cost no more than `max_per_s` frames a second, evenly among the sources that are looked at.
"""

import json
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import cv2

from edgedet.clock import Clock, utc_text
from edgedet.detections import FrameDetections, SeenFrame
from edgedet.frame import FrameInfo
from edgedet.vision.pixels import shrunk_rgb

WIDTHS = (320, 640, 1280)
"""Widths of pictures; few, so that viewers share them."""
MAX_VIEWERS = 8

_MAX_FPS = 10.0  # enough for the eye to follow a person
_QUALITY = 80
_MAX_OBJECTS = 100


class Tap(Protocol):
    """Where frames come from; asks those who were added about each."""

    def add(self, listener: "Gallery") -> None:
        """Begin to ask `listener`."""
        ...

    def remove(self, listener: "Gallery") -> None:
        """Leave `listener` alone."""
        ...


class FullError(Exception):
    """As many pages are open as may be."""


class Viewer:
    """An open page: what it looks at, and what it is still to be given. Made by the gallery."""

    def __init__(self, sources: Sequence[str], width: int, notify: Callable[[], object]) -> None:
        """`notify` is called, on any thread, when there is something to fetch."""
        self.sources = frozenset(sources)
        self.width = next((each for each in WIDTHS if each >= width), WIDTHS[-1])
        self.notify = notify
        self.hungry = set(self.sources)
        self.waiting: dict[str, SeenFrame] = {}


class Gallery:
    """Between tap and viewers. `wants` and `take` are the tap's, the rest is for one thread.

    That thread encodes; the pipeline's threads only hand over.
    """

    def __init__(
        self, tap: Tap, class_names: Sequence[str], max_per_s: float, clock: Clock
    ) -> None:
        """Listen to `tap` while somebody looks."""
        self._tap = tap
        self._class_names = tuple(class_names)
        self._max_per_s = max_per_s
        self._clock = clock
        self._lock = threading.Lock()  # guards everything below, and what viewers wait for
        self._viewers: tuple[Viewer, ...] = ()
        self._hungry: frozenset[str] = frozenset()
        self._due_s: dict[str, float] = {}
        self._period_s = 0.0
        self._encoded: dict[tuple[str, int], tuple[int, bytes]] = {}
        self._pictures = 0
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nobody gets anything more."""
        return self._is_closed

    @property
    def viewers(self) -> int:
        """Pages that are open now."""
        return len(self._viewers)

    @property
    def pictures(self) -> int:
        """Pictures encoded so far."""
        return self._pictures

    def join(self, sources: Sequence[str], width: int, notify: Callable[[], object]) -> Viewer:
        """A new viewer of `sources`, with pictures about `width` pixels wide.

        Raises:
            FullError: there are as many viewers as may be.
        """
        viewer = Viewer(sources, width, notify)
        with self._lock:
            if len(self._viewers) >= MAX_VIEWERS:
                raise FullError
            self._viewers = (*self._viewers, viewer)
            self._look_round()
            is_first = len(self._viewers) == 1
        if is_first:
            self._tap.add(self)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer; with the last one the work ends. May be called twice."""
        with self._lock:
            self._viewers = tuple(each for each in self._viewers if each is not viewer)
            self._look_round()
            is_empty = not self._viewers
            if is_empty:
                self._encoded.clear()
        if is_empty:
            self._tap.remove(self)

    def close(self) -> None:
        """Send all viewers away; from any thread."""
        self._is_closed = True
        for viewer in self._viewers:
            viewer.notify()

    def wants(self, frame: FrameInfo) -> bool:
        """Whether somebody looks at the source and its next picture is due."""
        if frame.source_id not in self._hungry:
            return False
        now_s = self._clock.monotonic()
        if now_s < self._due_s.get(frame.source_id, 0.0):
            return False
        self._due_s[frame.source_id] = now_s + self._period_s
        return True

    def take(self, seen: SeenFrame) -> None:
        """Put a frame before all who are hungry for its source."""
        source_id = seen.frame.info.source_id
        with self._lock:
            served = [each for each in self._viewers if source_id in each.hungry]
            for viewer in served:
                viewer.hungry.discard(source_id)
                viewer.waiting[source_id] = seen
            self._look_round()
        for viewer in served:
            viewer.notify()

    def fetch(self, viewer: Viewer) -> SeenFrame | None:
        """The next frame for a viewer; `sent` when it has been sent."""
        with self._lock:
            source_id = next(iter(viewer.waiting), None)
            return None if source_id is None else viewer.waiting.pop(source_id)

    def sent(self, viewer: Viewer, source_id: str) -> None:
        """The viewer has its picture: it may have another."""
        with self._lock:
            viewer.hungry.add(source_id)
            self._look_round()

    def jpeg(self, seen: SeenFrame, width: int) -> bytes:
        """The frame as a JPEG file; made once for all viewers of this width."""
        info = seen.frame.info
        seq, data = self._encoded.get((info.source_id, width), (-1, b""))
        if seq != info.seq:
            image_bgr = cv2.cvtColor(shrunk_rgb(seen.frame, width), cv2.COLOR_RGB2BGR)
            _, encoded = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
            data = encoded.tobytes()
            self._encoded[info.source_id, width] = (info.seq, data)
            self._pictures += 1
        return data

    def part(self, seen: SeenFrame, width: int) -> bytes:
        """The frame as the live page reads it: lengths of head and picture, head, picture."""
        return packed(self._head(seen), self.jpeg(seen, width))

    def _head(self, seen: SeenFrame) -> dict[str, object]:
        info, result = seen.frame.info, seen.result
        found = result.detections
        scale = (info.width, info.height, info.width, info.height)
        count = min(len(found), _MAX_OBJECTS)
        return {
            "source": info.source_id,
            "seq": info.seq,
            "width": info.width,
            "height": info.height,
            "capture": utc_text(info.capture.utc),
            "latency_ms": round(1000.0 * (result.infer_end_s - info.arrival_s), 1),
            "objects": [
                {
                    "label": self._label(result, int(found.class_ids[index])),
                    "score": round(float(found.scores[index]), 3),
                    "box": [
                        round(float(x) / side, 4)
                        for x, side in zip(found.boxes_xyxy[index], scale, strict=True)
                    ],
                    "track": result.tracks[index] if result.tracks else None,
                    "zones": list(result.zones[index]) if result.zones else [],
                }
                for index in range(count)
            ],
        }

    def _label(self, result: FrameDetections, class_id: int) -> str:
        names = self._class_names if result.model is None else result.model.class_names
        return names[class_id] if class_id < len(names) else f"class {class_id}"

    def _look_round(self) -> None:
        """Who is hungry for what, and how often each source may be copied; the lock is held."""
        self._hungry = frozenset().union(*(viewer.hungry for viewer in self._viewers))
        watched = frozenset().union(*(viewer.sources for viewer in self._viewers))
        self._period_s = max(1.0 / _MAX_FPS, len(watched) / self._max_per_s)


def packed(head: dict[str, object], data: bytes = b"") -> bytes:
    """Two lengths of four bytes, the head as JSON, then the data."""
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
    return len(text).to_bytes(4, "big") + len(data).to_bytes(4, "big") + text + data
