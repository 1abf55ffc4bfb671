"""Fakes for the neighbours of the stream: clock, sources, sinks, models."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from edgedet.analytics import ObjectEvent, SourceCounts
from edgedet.detect.base import Detector
from edgedet.detections import FrameDetections
from edgedet.errors import SourceError
from edgedet.event import SourceStatus
from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo, PixelFormat
from edgedet.model_identity import ModelIdentity
from edgedet.source.base import EndOfStreamError, SourceCondition
from edgedet.stream.answer import Answerer
from edgedet.stream.model import Model, Thresholds
from edgedet.stream.run_tally import RunTally

START_UTC = datetime(2026, 5, 4, 9, 0, tzinfo=timezone.utc)
WAIT_S = 30.0


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s

    def utc_now(self) -> datetime:
        return START_UTC + timedelta(seconds=self.now_s)

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


class FramePool:
    """Makes frames, and knows which of them are still open."""

    def __init__(self) -> None:
        self.open_frames: set[tuple[str, int]] = set()
        self.most_open = 0

    def frame(self, source_id: str = "a", seq: int = 0, *, arrival_s: float = 0.0) -> Frame:
        """A small grey frame, a shade lighter with each number."""
        key = (source_id, seq)
        self.open_frames.add(key)
        self.most_open = max(self.most_open, len(self.open_frames))
        info = FrameInfo(
            source_id=source_id,
            seq=seq,
            width=8,
            height=6,
            pts_ns=None,
            capture=CaptureTime(START_UTC, CaptureSource.FILE),
            arrival_s=arrival_s,
        )
        pixels = np.full((6, 8, 3), seq % 256, dtype=np.uint8)
        return Frame(
            info, PixelFormat.RGB, (pixels,), release=lambda: self.open_frames.discard(key)
        )


Step = Frame | Exception | None | Callable[[], None]


class ScriptedSource:
    """A source that plays a script: frames, errors, nothing (None), or calls that yield nothing.

    Each opening takes the next part of the script; an error as the whole part is raised by `open`.
    """

    def __init__(self, *parts: Iterable[Step] | Exception) -> None:
        self.opened = 0
        self.closed = 0
        self.condition = SourceCondition("fakedec")
        self._parts = iter(parts)
        self._steps: Iterator[Step] = iter(())

    def open(self, timeout_s: float, stop: threading.Event | None = None) -> None:
        assert timeout_s > 0
        assert stop is not None
        self.opened += 1
        part = next(self._parts, SourceError("the script is over"))
        if isinstance(part, Exception):
            raise part
        self._steps = iter(part)

    def read(self, timeout_s: float) -> Frame | None:
        assert timeout_s > 0
        for step in self._steps:
            if isinstance(step, Exception):
                raise step
            if callable(step):
                step()
                return None
            return step
        msg = "the stream ended"
        raise EndOfStreamError(msg)

    def close(self) -> None:
        self.closed += 1


class NoDelay:
    """Tries again at once."""

    def __init__(self) -> None:
        self.resets = 0

    def next_s(self) -> float:
        return 0.0

    def reset(self) -> None:
        self.resets += 1


class RecordingSink:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.results: list[FrameDetections] = []
        self.statuses: list[SourceStatus] = []
        self.events: list[ObjectEvent] = []
        self.counts: list[SourceCounts] = []
        self.has_room = True
        self.error: Exception | None = None

    def publish(self, result: FrameDetections) -> None:
        if self.error is not None:
            raise self.error
        self.results.append(result)

    def publish_status(self, status: SourceStatus) -> None:
        self.statuses.append(status)

    def publish_event(self, event: ObjectEvent) -> None:
        self.events.append(event)

    def publish_counts(self, counts: SourceCounts) -> None:
        self.counts.append(counts)

    def wait_for_room(self, timeout_s: float) -> bool:
        assert timeout_s >= 0
        return self.has_room

    def flush(self, timeout_s: float) -> int:
        assert timeout_s >= 0
        return 0

    def close(self, timeout_s: float) -> None:
        assert timeout_s >= 0

    def seqs(self, source_id: str) -> list[int]:
        return [r.frame.seq for r in self.results if r.frame.source_id == source_id]


class FakeDetector:
    """Finds one object in every picture: its score is the brightness of the middle pixel."""

    backend = "fake"

    def __init__(self, before: Callable[[int], None] = lambda _size: None) -> None:
        self.sizes: list[int] = []
        self.threads: set[str] = set()
        self.is_closed = False
        self._before = before

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.threads.add(threading.current_thread().name)
        self.sizes.append(len(images_nhwc))
        self._before(len(images_nhwc))
        count, height, width, _ = images_nhwc.shape
        candidates = np.zeros((count, 3, 7), dtype=np.float32)
        candidates[:, 0, 2:4] = width, height
        candidates[:, 0, 4] = images_nhwc[:, height // 2, width // 2, 0] / 255.0
        return candidates

    def close(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.is_closed = True


def fake_model(
    make: Callable[[], Detector] = FakeDetector,
    *,
    name: str = "fake",
    input_hw: tuple[int, int] = (32, 32),
    class_names: tuple[str, ...] = ("shade",),
    score_threshold: float = 0.0,
) -> Model:
    """A model whose detector is made by `make`."""
    identity = ModelIdentity(name, "1", "0" * 64, "fp32", class_names)
    thresholds = Thresholds(score_threshold, 0.45)
    return Model(identity, input_hw, thresholds, thresholds, make)


def answerer(model: Model | None = None, thresholds: Thresholds | None = None) -> Answerer:
    """Who answered, by thresholds that are usual."""
    identity = (model or fake_model()).identity
    return Answerer(identity, thresholds or Thresholds(0.25, 0.45), RunTally())


def wait_until(condition: Callable[[], object], timeout_s: float = WAIT_S) -> None:
    """Poll `condition` until it holds."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "the condition did not come true in time"
        time.sleep(0.005)
