"""Which of the frames that pass are kept: the sampler, a listener to whole frames with a worker.

It is asked for every frame, and wants a few a second; those are looked at on its own thread. What
it has no time for is counted.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edgedet.clock import Clock
from edgedet.detections import SeenFrame
from edgedet.errors import SampleError
from edgedet.frame import FrameInfo
from edgedet.log import RateLimited
from edgedet.sample.base import SamplerCounts, SamplerSettings
from edgedet.sample.diversity import Diversity, look_of
from edgedet.sample.drift import CameraStatistics, deviations, observe, settled
from edgedet.sample.keeper import Found, Keeper
from edgedet.sample.selection import OPERATOR, NoCredit, Selection
from edgedet.sample.strategy import Scene
from edgedet.sample.view import Proposals, proposals_of

logger = logging.getLogger(__name__)

_WAITING = 8  # frames that wait to be looked at: 25 MB of 1080p
_POLL_S = 0.5
_NEIGHBOUR_S = 1.0  # frames taken further apart say nothing of each other
_TROUBLE_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """A frame with what was found out about it."""

    frame: SeenFrame
    seen: Proposals
    other: Proposals | None
    drifts: dict[str, float]


_Waiting = tuple[SeenFrame, NDArray[np.float32] | None]
"""A frame, and what a second model saw in it."""


class Sampler:
    """A listener to frames. `wants`, `take`, `request`: any thread; `run`: a worker's."""

    def __init__(
        self,
        settings: SamplerSettings,
        selection: Selection,
        keeper: Keeper,
        diversity: Diversity,
        clock: Clock,
    ) -> None:
        """Ask `selection` about each frame, and give what it chooses to `keeper`."""
        self.counts = SamplerCounts()
        self._settings = settings
        self._selection = selection
        self._keeper = keeper
        self._diversity = diversity
        self._trouble = RateLimited(logger, clock, _TROUBLE_S)
        self._statistics: dict[str, CameraStatistics] = {}
        self._last: dict[str, tuple[_Looked | None, _Looked]] = {}
        self._due_s: dict[str, float] = {}
        self._change = threading.Condition()  # guards what follows
        self._waiting: deque[_Waiting] = deque()
        self._requested: dict[str, Future[str]] = {}

    def request(self, source_id: str) -> "Future[str]":
        """Keep the next frame of a source, as far as the general limits allow.

        The result is the id of the sample; a SampleError says why there is none. Who asks while
        another one waits for the same source gets the same frame.
        """
        with self._change:
            found = self._requested.get(source_id)
            if found is None:
                found = self._requested[source_id] = Future()
                found.set_running_or_notify_cancel()  # who does not wait for it cancels nothing
            return found

    def wants(self, frame: FrameInfo) -> bool:
        """Whether it is time to look at a frame of this source."""
        source_id, now_s = frame.source_id, frame.arrival_s
        if not self._settings.is_lossless(source_id) and source_id not in self._requested:
            due_s = self._due_s.get(source_id, now_s)
            if now_s < due_s:
                return False
            period_s = 1.0 / self._settings.max_fps
            is_in_rhythm = now_s - due_s < period_s  # a pause is not made up for
            self._due_s[source_id] = (due_s if is_in_rhythm else now_s) + period_s
        if len(self._waiting) >= _WAITING:
            self.counts.missed += 1
            return False
        return True

    def take(self, seen: SeenFrame) -> None:
        """Have a frame wait to be looked at."""
        with self._change:
            if len(self._waiting) >= _WAITING:
                self.counts.missed += 1
                return
            self._waiting.append((seen, None))
            self._change.notify()

    def hear(self, seen: SeenFrame, candidates: NDArray[np.float32]) -> None:
        """Have a frame wait with what a second model saw in it, if that is of use.

        `candidates` (K, 7), boxes in pixels of the frame, class ids of the first model.
        """
        with self._change:
            if self._selection.compares and len(self._waiting) < _WAITING:
                self._waiting.append((seen, candidates))
                self._change.notify()

    def know(self, class_names: Sequence[str]) -> None:
        """Choose among frames that another model answers, which has these classes.

        Raises:
            ConfigError: if the settings name classes that the model does not have.
        """
        self._selection.know(class_names)
        self._keeper.know(class_names)

    def run(self, stop: threading.Event) -> None:
        """Look at frames until `stop`, and then at those that wait; the target of a worker."""
        while (waiting := self._next(stop)) is not None or not stop.is_set():
            self._guarded(self._selection.follow_clock)
            if waiting is not None:
                self._guarded(partial(self.consider, *waiting))
        for source_id in tuple(self._last):
            self._guarded(partial(self._step, source_id, None))
        for source_id in tuple(self._requested):
            self._answer(source_id, SampleError("sampling has ended"))

    def consider(self, frame: SeenFrame, second: NDArray[np.float32] | None = None) -> None:
        """Look at a frame now; `second` is what `hear` was told. On the worker's thread.

        Raises:
            SampleError: if it should be kept and cannot be.
        """
        self.counts.looked_at += 1
        seen = proposals_of(frame.candidates, self._settings.iou_threshold())
        if second is not None:  # by the way, and out of order: no neighbour, and no statistics
            other = proposals_of(second, self._settings.iou_threshold())
            self._decide(_Looked(frame, seen, other, {}), None, None)
            return
        source_id = frame.frame.info.source_id
        known = self._statistics.get(source_id, CameraStatistics())
        known = observe(known, seen, self._settings.score_threshold(source_id))
        self._statistics[source_id] = known
        looked = _Looked(frame, seen, None, deviations(known))
        if self._selection.looks_ahead:
            self._step(source_id, looked)
        else:
            self._decide(looked, None, None)

    def _next(self, stop: threading.Event) -> "_Waiting | None":
        with self._change:
            if not self._waiting and not stop.is_set():
                self._change.wait(_POLL_S)
            return self._waiting.popleft() if self._waiting else None

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except SampleError as exc:
            self.counts.failed += 1
            self._trouble.warning("sampling", "a frame was not kept: %s", exc)

    def _step(self, source_id: str, after: _Looked | None) -> None:
        """Decide about the frame before `after`, now that both of its neighbours are known."""
        before, now = self._last.pop(source_id, (None, None))
        if after is not None:
            self._last[source_id] = (now, after)
        if now is not None:
            self._decide(now, _neighbour(now, before), _neighbour(now, after))

    def _decide(self, looked: _Looked, before: Proposals | None, after: Proposals | None) -> None:
        source_id = looked.frame.frame.info.source_id
        threshold = self._settings.score_threshold(source_id)
        scene = Scene(source_id, looked.seen, threshold, before, after, looked.other, looked.drifts)
        if source_id not in self._requested:
            self._keep(looked, scene, is_requested=False)
            return
        try:
            kept = self._keep(looked, scene, is_requested=True)
        except SampleError as exc:
            self._answer(source_id, exc)
            raise
        self._answer(source_id, kept)

    def _keep(self, looked: _Looked, scene: Scene, *, is_requested: bool) -> str | SampleError:
        """Keep the frame if it should be; the sample's id, or why not."""
        choice = self._selection.choose(scene, is_requested=is_requested)
        if choice is None:
            return SampleError("there is no reason to keep it")
        if isinstance(choice, NoCredit):
            self.counts.no_credit += 1
            return SampleError("sampling.limits leave no credit for it now")
        found = Found(
            looked.frame,
            looked.seen,
            scene.detections,
            look_of(looked.frame.frame, scene.detections),
        )
        is_asked = choice.strategy.name == OPERATOR
        is_like = not is_asked and self._diversity.has_like(scene.source_id, found.look)
        sample = None if is_like else self._keeper.keep(found, choice)
        if sample is None:
            self.counts.similar += 1
            return SampleError("it looks like one that was kept before")
        self._diversity.add(scene.source_id, found.look)
        self.counts.kept += 1
        if choice.strategy.type == "drift":
            self._statistics[scene.source_id] = settled(self._statistics[scene.source_id])
        logger.debug("source '%s': kept %s (%s)", scene.source_id, sample.id, choice.why)
        return sample.id

    def _answer(self, source_id: str, result: str | SampleError) -> None:
        """Tell who asked for a frame what came of it."""
        with self._change:
            asked = self._requested.pop(source_id, None)
        if asked is None:
            return
        if isinstance(result, str):
            asked.set_result(result)
        else:
            asked.set_exception(result)


def _neighbour(now: _Looked, other: _Looked | None) -> Proposals | None:
    """What was seen in another frame, if it was taken shortly before or after this one."""
    if other is None:
        return None
    apart = other.frame.frame.info.capture.utc - now.frame.frame.info.capture.utc
    return other.seen if abs(apart.total_seconds()) <= _NEIGHBOUR_S else None
