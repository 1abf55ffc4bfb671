"""Where the time goes: rates and percentiles over a bounded window, for the table and the bench."""

import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum

from edgedet.detections import FrameDetections
from edgedet.stream.histogram import Histogram

_WINDOW_S = 5.0
_BUCKET_S = 0.25
_SAMPLES = 2048


class Stage(str, Enum):
    """The parts of a frame's journey. `TOTAL` is the sum of all but `PAINT`, a part of `QUEUE`."""

    WAIT = "wait"
    """Out of the decoder until taken into a batch."""
    QUEUE = "queue"
    """Painted into the batch, and waiting for the backend."""
    PAINT = "paint"
    """Converted, resized and written into the batch."""
    INFER = "infer"
    """Inside the backend, with the whole batch."""
    POST = "post"
    """From the backend's answer until every sink has it."""
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Milliseconds over the window; all 0 when nothing was measured."""

    p50_ms: float
    p99_ms: float
    count: int


class RateMeter:
    """Events a second over the last seconds. One thread adds, any thread asks."""

    def __init__(self, window_s: float = _WINDOW_S) -> None:
        """Count from the first event on."""
        self._window_s = window_s
        self._lock = threading.Lock()  # guards _buckets and _first_s
        self._buckets: deque[tuple[float, int]] = deque()
        self._first_s: float | None = None

    def add(self, now_s: float, count: int = 1) -> None:
        """Count `count` events at the monotonic time `now_s`."""
        with self._lock:
            if self._first_s is None:
                self._first_s = now_s
            if self._buckets and now_s - self._buckets[-1][0] < _BUCKET_S:
                start_s, so_far = self._buckets[-1]
                self._buckets[-1] = (start_s, so_far + count)
            else:
                self._buckets.append((now_s, count))
            self._forget(now_s)

    def rate(self, now_s: float) -> float:
        """Events a second, over the window or since the first event, whichever is shorter."""
        with self._lock:
            self._forget(now_s)
            if self._first_s is None or not self._buckets:
                return 0.0
            elapsed_s = min(self._window_s, max(now_s - self._first_s, _BUCKET_S))
            return sum(count for _, count in self._buckets) / elapsed_s

    def _forget(self, now_s: float) -> None:
        while self._buckets and now_s - self._buckets[0][0] > self._window_s:
            self._buckets.popleft()


class Samples:
    """The last durations of one kind. One thread adds, any thread asks."""

    def __init__(self, size: int = _SAMPLES) -> None:
        """Keep the last `size` durations."""
        self._values_s: deque[float] = deque(maxlen=size)
        self._lock = threading.Lock()  # guards _values_s

    def add(self, value_s: float) -> None:
        """Add one duration."""
        with self._lock:
            self._values_s.append(value_s)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._values_s.clear()

    def percentiles(self) -> Percentiles:
        """Median and 99th percentile (nearest rank)."""
        with self._lock:
            values = sorted(self._values_s)
        if not values:
            return Percentiles(0.0, 0.0, 0)
        last = len(values) - 1
        return Percentiles(
            1000.0 * values[round(0.50 * last)], 1000.0 * values[round(0.99 * last)], len(values)
        )


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """What the detector did for one source so far."""

    source_id: str
    detected: int
    fps: float
    latency: Percentiles
    objects: int
    """Objects in the latest frame."""
    objects_total: int


class SourceStats:
    """Counts of one source. The post-process thread adds, any thread asks."""

    def __init__(self, source_id: str) -> None:
        """Start at nothing."""
        self._source_id = source_id
        self._rate = RateMeter()
        self._latency = Samples(512)
        self._detected = 0
        self._objects = 0
        self._objects_total = 0
        self._lock = threading.Lock()  # guards _left_out, which several threads count
        self._left_out = 0

    @property
    def left_out(self) -> int:
        """Frames that were taken out of their channel and not answered."""
        return self._left_out

    def leave_out(self) -> None:
        """Count one such frame."""
        with self._lock:
            self._left_out += 1

    def add(self, result: FrameDetections, now_s: float) -> None:
        """Count one frame that was handed to the sinks at `now_s`."""
        self._rate.add(now_s)
        self._latency.add(now_s - result.frame.arrival_s)
        self._detected += 1
        self._objects = len(result.detections)
        self._objects_total += self._objects

    def fps(self, now_s: float) -> float:
        """Frames a second now."""
        return self._rate.rate(now_s)

    def figures(self, now_s: float) -> SourceFigures:
        """The figures now."""
        return SourceFigures(
            self._source_id,
            self._detected,
            self._rate.rate(now_s),
            self._latency.percentiles(),
            self._objects,
            self._objects_total,
        )


class PipelineStats:
    """The times of all frames by stage, the batches, and the sources. Made with all source ids."""

    def __init__(self, source_ids: tuple[str, ...]) -> None:
        """Start at nothing."""
        self.sources = {source_id: SourceStats(source_id) for source_id in source_ids}
        self._stages = {stage: Samples() for stage in Stage}
        self.histograms = {stage: Histogram() for stage in Stage}
        self._batches = 0
        self._frames = 0
        self._infer_s = 0.0
        self.withheld = 0
        """Answers that came too late to be published."""
        self.unpaintable = 0
        """Frames left out because they could not be converted."""

    def add_source(self, source_id: str) -> None:
        """Count for one more source, or for one that is back."""
        self.sources.setdefault(source_id, SourceStats(source_id))

    def add_unpaintable(self, source_id: str) -> None:
        """Count a frame that could not be converted."""
        self.unpaintable += 1
        self.leave_out(source_id)

    def leave_out(self, source_id: str) -> None:
        """Count a frame that left its channel and will not be answered."""
        self.sources[source_id].leave_out()

    def withhold(self, source_id: str) -> None:
        """Count a frame whose answer came too late."""
        self.withheld += 1
        self.leave_out(source_id)

    def add_paint(self, value_s: float) -> None:
        """Count the painting of one frame."""
        self._stages[Stage.PAINT].add(value_s)
        self.histograms[Stage.PAINT].add(value_s)

    def add_batch(self, size: int, infer_s: float) -> None:
        """Count one run of the backend."""
        self._batches += 1
        self._frames += size
        self._infer_s += infer_s

    def add(self, result: FrameDetections, now_s: float) -> None:
        """Count one frame that was handed to the sinks at `now_s`."""
        times_s = {
            Stage.WAIT: result.batched_s - result.frame.arrival_s,
            Stage.QUEUE: result.infer_start_s - result.batched_s,
            Stage.INFER: result.infer_end_s - result.infer_start_s,
            Stage.POST: now_s - result.infer_end_s,
            Stage.TOTAL: now_s - result.frame.arrival_s,
        }
        for stage, value_s in times_s.items():
            self._stages[stage].add(value_s)
            self.histograms[stage].add(value_s)
        self.sources[result.frame.source_id].add(result, now_s)

    def forget_times(self) -> None:
        """Begin anew with the times by stage, as after warming up; counts go on."""
        for samples in self._stages.values():
            samples.clear()

    def stages(self) -> dict[Stage, Percentiles]:
        """Median and 99th percentile of each stage."""
        return {stage: samples.percentiles() for stage, samples in self._stages.items()}

    @property
    def batches(self) -> int:
        """Runs of the backend so far."""
        return self._batches

    @property
    def frames(self) -> int:
        """Frames the backend has answered so far."""
        return self._frames

    @property
    def infer_s(self) -> float:
        """Seconds spent inside the backend so far."""
        return self._infer_s
