"""From channels to the sink on three threads: prepare, infer, publish, side by side."""

import logging
import threading
from collections.abc import Callable, Sequence

from edgedet.clock import Clock, Deadline
from edgedet.config.batch import BatchSettings
from edgedet.event import SourceLimit
from edgedet.publish.base import Sink
from edgedet.stream.admission import Admission
from edgedet.stream.answer import Answer
from edgedet.stream.batch import BatchItem, Inlet
from edgedet.stream.batcher import Batcher
from edgedet.stream.channel import Channel
from edgedet.stream.inlets import Inlets
from edgedet.stream.model import Model, Thresholds
from edgedet.stream.outflow import Outflow
from edgedet.stream.roster import Roster
from edgedet.stream.serving import Serving
from edgedet.stream.stats import PipelineStats
from edgedet.stream.tap import FrameTap
from edgedet.stream.worker import StopSignal, Worker
from edgedet.track.base import Analyst

logger = logging.getLogger(__name__)

_POLL_S = 0.5  # bounds every wait; what is waited for wakes the thread anyway
_ANSWERS = 2  # batches answered by the backend and not published yet


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
        model: Model,
        sink: Sink,
        analyst: Analyst,
        settings: BatchSettings,
        clock: Clock,
    ) -> None:
        """Wire everything up, with `model` in use."""
        self.stats = PipelineStats(tuple(inlet.source_id for inlet in inlets))
        self.tap = FrameTap()
        self.error: BaseException | None = None
        self.roster = Roster(model, self._failed, clock)
        self._outflow = Outflow(analyst, sink, clock)
        self._is_stopping = False
        self._clock = clock
        self._on_end: Callable[[], object] = _nothing
        self._inlets = Inlets(inlets)
        self._batcher = Batcher(
            self._inlets, settings, lambda: self.roster.in_use.model, clock, self.stats, self.tap
        )
        self._answers = Channel[Answer](_ANSWERS)
        self._serving = Serving(
            self.roster, self._batcher, self._answers, self._outflow.wants_pictures, clock
        )
        self._publishing = Worker("publish", self._publish, self._failed)
        self._preparing = Worker("prepare", self._batcher.run, self._failed)
        self._lock = threading.Lock()  # guards error and _has_ended
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        """Whether all is published, or a thread failed."""
        return self._has_ended

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads, to see whether they get on."""
        return self._publishing, self.roster.in_use.worker, self._preparing

    @property
    def backend(self) -> str:
        """What runs the model in use; empty before it is loaded."""
        return self.roster.in_use.backend

    @property
    def thresholds(self) -> Thresholds:
        """What counts as a detection of the model in use; may be set at any time."""
        return self.roster.in_use.thresholds

    @thresholds.setter
    def thresholds(self, thresholds: Thresholds) -> None:
        self.roster.in_use.thresholds = thresholds

    @property
    def unpaintable(self) -> int:
        """Frames left out because they could not be converted."""
        return self.stats.unpaintable

    @property
    def waiting(self) -> int:
        """Frames that wait to be taken into a batch."""
        return sum(len(inlet.channel) for inlet in self._inlets)

    def add(self, inlet: Inlet) -> bool:
        """Take frames of one more source from now on; False when the pipeline has ended."""
        self.stats.add_source(inlet.source_id)
        self._inlets.add(inlet)
        self._batcher.wake()
        return not self._has_ended

    def remove(self, source_id: str) -> None:
        """Take no frame of a source any more, and hand over nothing that is still under way."""
        self._inlets.remove(source_id)

    @property
    def admission(self) -> Admission:
        """What the detector can do for each source."""
        return self._batcher.admission

    def detector_figures(self) -> dict[str, float | str]:
        """What the detector can do and is asked for, and what runs it, as subscribers are told."""
        admission = self.admission
        told: dict[str, float | str] = {
            "capacity_fps": round(admission.capacity_fps, 2),
            "demand_fps": round(admission.demand_fps, 2),
        }
        return told | ({"backend": self.backend} if self.backend else {})

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
        self._publishing.start()
        self._serving.begin()
        self._preparing.start()

    def stop(self, timeout_s: float) -> bool:
        """End: frames not yet in a batch are dropped; whether all threads ended. Idempotent."""
        deadline = Deadline(timeout_s, self._clock)
        self._is_stopping = True
        self._preparing.request_stop()
        for inlet in self._inlets:
            inlet.channel.discard()
        ended = [self._preparing.stop(deadline.remaining_s())]
        if self._publishing.is_alive:
            self._serving.wait(deadline.remaining_s())  # whose threads must not end before
        ended.append(self.roster.stop(deadline.remaining_s()))
        ended.append(self._publishing.stop(deadline.remaining_s()))
        return all(ended)

    def _publish(self, stop: StopSignal) -> None:
        """Post-process and hand over answers until the backend has none left."""
        while not self._answers.is_drained:
            stop.beat()
            answer = self._answers.get(_POLL_S)
            self._outflow.look_round(self._ended_sources)
            if answer is None:
                continue
            for index, item in enumerate(answer.items):
                if self._is_left_out(item):
                    self.tap.forget(item.frame)
                    continue
                result = self._outflow.take(answer, index)
                self.tap.answered(result, answer.candidates[index], item.box)
                self.stats.add(result, self._clock.monotonic())
            self._batcher.age.add_tail(self._clock.monotonic() - answer.end_s)
        self._outflow.finish(self._ended_sources)
        self._end()

    def _is_left_out(self, item: BatchItem) -> bool:
        """Whether the source is gone, or the backend took so long that the answer is too old."""
        source_id = item.frame.source_id
        if source_id not in self._inlets.present:
            self.stats.leave_out(source_id)
            return True
        if self._inlets[item.index].is_lossless:
            return False
        if not self._batcher.age.is_late(item.frame.arrival_s, self._clock.monotonic()):
            return False
        self.stats.withhold(source_id)
        return True

    @property
    def _ended_sources(self) -> frozenset[str]:
        """The sources that have ended by themselves."""
        if self._is_stopping:
            return frozenset()
        return frozenset(
            inlet.source_id
            for inlet in self._inlets
            if inlet.channel.is_drained and not inlet.is_gone
        )

    def _failed(self, error: BaseException) -> None:
        """A thread ended with an error: without it there is no pipeline."""
        with self._lock:
            if self.error is None:
                self.error = error
        self._preparing.request_stop()
        self._batcher.close()
        self._serving.end()
        self._end()

    def _end(self) -> None:
        with self._lock:
            if self._has_ended:
                return
            self._has_ended = True
        self._on_end()
