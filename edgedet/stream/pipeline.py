"""From channels to the sink on three threads: prepare, infer, publish, side by side."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgedet.clock import Clock, Deadline
from edgedet.config.batch import BatchSettings
from edgedet.detect.base import Detector
from edgedet.event import SourceLimit
from edgedet.publish.base import Sink
from edgedet.stream.admission import Admission
from edgedet.stream.answer import Answer
from edgedet.stream.batch import Batch, BatchItem, Inlet
from edgedet.stream.batcher import Batcher
from edgedet.stream.channel import Channel
from edgedet.stream.outflow import Outflow
from edgedet.stream.stats import PipelineStats
from edgedet.stream.step_back import step_back
from edgedet.stream.tap import FrameTap
from edgedet.stream.worker import StopSignal, Worker
from edgedet.track.base import Analyst

logger = logging.getLogger(__name__)

_POLL_S = 0.5  # bounds every wait; what is waited for wakes the thread anyway
_ANSWERS = 2  # batches answered by the backend and not published yet


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as a detection: its least score, and the overlap that is one object too many."""

    score: float
    iou: float


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What counts as a detection, and the size of batches and of the network's input."""

    score_threshold: float
    iou_threshold: float
    input_hw: tuple[int, int]
    batch: BatchSettings


def _nothing() -> None:
    """What to call when nobody wants to know."""


class Pipeline:
    """Batches frames of all inlets, runs the detector, and hands every answer to the sink.

    It ends by itself when all inlets are drained, or when one of its threads fails: `error` then
    has the reason.
    """

    def __init__(  # noqa: PLR0913 - the composition root hands over every part
        self,
        inlets: Sequence[Inlet],
        make_detector: Callable[[], Detector],
        sink: Sink,
        analyst: Analyst,
        settings: PipelineSettings,
        clock: Clock,
    ) -> None:
        """Wire everything up; `make_detector` is called on the thread that uses the detector."""
        self.stats = PipelineStats(tuple(inlet.source_id for inlet in inlets))
        self.tap = FrameTap()
        self.backend = ""
        self.error: BaseException | None = None
        self._make_detector = make_detector
        self._outflow = Outflow(analyst, sink, clock)
        self._is_stopping = False
        # a value: whoever sets it replaces both at once, for the next result
        self.thresholds = Thresholds(settings.score_threshold, settings.iou_threshold)
        self._clock = clock
        self._on_end: Callable[[], object] = _nothing
        self._inlets = tuple(inlets)
        self._batcher = Batcher(
            inlets, settings.batch, settings.input_hw, clock, self.stats, self.tap
        )
        self._answers = Channel[Answer](_ANSWERS)
        self._workers = (
            Worker("publish", self._publish, self._failed),
            Worker("infer", self._infer, self._failed),
            Worker("prepare", self._batcher.run, self._failed),
        )
        self._lock = threading.Lock()  # guards error and _has_ended
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        """Whether all is published, or a thread failed."""
        return self._has_ended

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads, to see whether they get on."""
        return self._workers

    @property
    def unpaintable(self) -> int:
        """Frames left out because they could not be converted."""
        return self.stats.unpaintable

    @property
    def waiting(self) -> int:
        """Frames that wait to be taken into a batch."""
        return sum(len(inlet.channel) for inlet in self._inlets)

    @property
    def admission(self) -> Admission:
        """What the detector can do for each source."""
        return self._batcher.admission

    def start(
        self,
        on_end: Callable[[], object] = _nothing,
        on_limit: Callable[[str, SourceLimit | None], object] | None = None,
    ) -> None:
        """Start the threads, the last stage first.

        `on_end` is called once, on one of them, when the pipeline has ended; `on_limit` when what
        the detector can do for a source has changed noticeably.
        """
        self._on_end = on_end
        if on_limit is not None:
            self._batcher.admission.on_change = on_limit
        for worker in self._workers:
            worker.start()

    def stop(self, timeout_s: float) -> bool:
        """End: frames not yet in a batch are dropped; whether all threads ended. Idempotent."""
        deadline = Deadline(timeout_s, self._clock)
        self._is_stopping = True
        prepare = self._workers[-1]
        prepare.request_stop()
        for inlet in self._inlets:
            inlet.channel.discard()
        ended = [worker.stop(deadline.remaining_s()) for worker in reversed(self._workers)]
        return all(ended)

    def _infer(self, stop: StopSignal) -> None:
        """Run batches until the batcher has none left."""
        step_back()
        detector: Detector | None = None
        try:
            detector = self._make_detector()
            self.backend = detector.backend
            while not self._batcher.is_drained:
                stop.beat()
                batch = self._batcher.take(_POLL_S)
                if batch is not None:
                    self._answers.put(self._run_batch(detector, batch))
        finally:
            if detector is not None:
                detector.close()
        self._answers.close()

    def _run_batch(self, detector: Detector, batch: Batch) -> Answer:
        start_s = self._clock.monotonic()
        candidates = detector.infer(batch.pictures_nhwc)
        end_s = self._clock.monotonic()
        is_wanted = self._outflow.wants_pictures(batch.items, self.thresholds.score)
        pictures = batch.pictures_nhwc.copy() if is_wanted else None
        answer = Answer(tuple(batch.items), candidates, start_s, end_s, pictures)
        self._batcher.give_back(batch, end_s - start_s)
        self.stats.add_batch(len(answer.items), end_s - start_s)
        return answer

    def _publish(self, stop: StopSignal) -> None:
        """Post-process and hand over answers until the backend has none left."""
        while not self._answers.is_drained:
            stop.beat()
            answer = self._answers.get(_POLL_S)
            self._outflow.look_round(self._ended_sources)
            if answer is None:
                continue
            for index, item in enumerate(answer.items):
                if self._is_late(item):
                    self.stats.withhold(item.frame.source_id)
                    self.tap.forget(item.frame)
                    continue
                result = self._outflow.take(
                    answer,
                    index,
                    score_threshold=self.thresholds.score,
                    iou_threshold=self.thresholds.iou,
                )
                self.tap.answered(result, answer.candidates[index], item.box)
                self.stats.add(result, self._clock.monotonic())
            self._batcher.age.add_tail(self._clock.monotonic() - answer.end_s)
        self._outflow.finish(self._ended_sources)
        self._end()

    def _is_late(self, item: BatchItem) -> bool:
        """Whether the backend took so much longer than it used to that the answer is too old."""
        if self._inlets[item.index].is_lossless:
            return False
        return self._batcher.age.is_late(item.frame.arrival_s, self._clock.monotonic())

    @property
    def _ended_sources(self) -> frozenset[str]:
        """The sources that have ended by themselves."""
        if self._is_stopping:
            return frozenset()
        return frozenset(inlet.source_id for inlet in self._inlets if inlet.channel.is_drained)

    def _failed(self, error: BaseException) -> None:
        """A thread ended with an error: without it there is no pipeline."""
        with self._lock:
            if self.error is None:
                self.error = error
        self._workers[-1].request_stop()
        self._batcher.close()
        self._answers.close()
        self._end()

    def _end(self) -> None:
        with self._lock:
            if self._has_ended:
                return
            self._has_ended = True
        self._on_end()
