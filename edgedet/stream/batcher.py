"""When frames are painted into a batch, and when the batch is sent off.

The rules, in words; which frame is next is `edgedet.stream.intake`'s:

- A batch has as many pictures as pays on this backend, at most `max_size`, and no more than let
  the answers of live sources come within the latency budget. In a batch the first answer waits for
  the last picture, and the last answer for all others to be published; so it is no larger than it
  has to be for the backend to keep up, and where single pictures would do, it must save more.
- A live frame stays in its channel, where a newer one takes its place, until the backend waits or
  is about to be free. With lossless sources alone, frames are painted beside the backend at once.
- A full batch is offered to the backend at once, another one when it has all that can be expected.
  Until the backend takes it, it gets what comes, and newer frames in place of older ones.
- With the backend idle a batch goes at once, unless the backend was busy for nearly all of the
  latest time: then it waits for sources that were in the latest batches, at most `max_wait_ms`, and
  no longer than one more picture in it saves.
- What would be answered too late is left out when the backend takes the batch.
- Two batches take turns: one is inside the backend while the other is being painted.
- A batch is for one model. When another one is in use, what was begun goes as it is.
"""

import threading
from collections.abc import Callable

from edgedet.clock import Clock
from edgedet.config.batch import BatchSettings
from edgedet.stream.admission import Admission
from edgedet.stream.age import AgeLimit
from edgedet.stream.backend import BackendWatch
from edgedet.stream.batch import Batch
from edgedet.stream.buffers import Buffers
from edgedet.stream.filler import Filler
from edgedet.stream.inlets import Inlets
from edgedet.stream.intake import Intake
from edgedet.stream.model import Model
from edgedet.stream.painter import Painter
from edgedet.stream.sizing import Sizing
from edgedet.stream.stats import PipelineStats
from edgedet.stream.tap import FrameTap

_IDLE_WAIT_S = 0.5  # a bound: a put or a close wakes us anyway
_BUSY_SHARE = 0.7  # of the backend: above, the newest frame wins
_FULL_SHARE = 0.9  # above, a wait for a fuller batch may pay
_KEPT_UP_SHARE = 0.95  # of the time, for all pictures; above, they would queue up
_LEAD_S = 0.002  # how much earlier than painting asks for the next batch is begun
_LEAD_PAINTINGS = 1.5  # for each frame to paint


class Batcher:
    """Fills batches from inlets on one thread (`run`); another takes and gives them back."""

    def __init__(  # noqa: PLR0913 - the pipeline hands over every part
        self,
        inlets: Inlets,
        settings: BatchSettings,
        current_model: Callable[[], Model],
        clock: Clock,
        stats: PipelineStats | None = None,
        tap: FrameTap | None = None,
    ) -> None:
        """Allocate the batches, watch the inlets, and count in `stats`.

        Frames are painted for `current_model`, which is asked again and again. What `tap` wants of
        them, it may copy.
        """
        self._inlets = inlets
        self._clock = clock
        self._stats = stats or PipelineStats(tuple(inlet.source_id for inlet in inlets))
        self._settings = settings
        self._current_model = current_model
        self._sizing = Sizing(settings.max_size, current_model())
        cost = self._sizing.cost
        self._backend = BackendWatch(cost, clock)
        self.age = AgeLimit(settings.latency_budget_ms, cost, clock)
        self.admission = Admission(inlets, cost, clock)
        self._intake = Intake(inlets)
        tap = tap or FrameTap()
        self._painter = Painter(self._stats, tap, clock)
        self._filler = Filler(self._intake, self._painter, self._stats, tap)
        self._wake = threading.Event()
        self._buffers = Buffers(settings.max_size, self._sizing.model, self._backend, self.wake)
        self._in_hand: Batch | None = None
        self._is_again = False  # the batch in hand was offered before
        for inlet in self._inlets:
            inlet.channel.watch(self.wake)

    @property
    def is_drained(self) -> bool:
        """Whether no batch is left and none will come."""
        return self._buffers.is_drained

    def wake(self) -> None:
        """Look again: a frame came, or an inlet was closed. From any thread."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Fill and send off batches until all inlets are drained or `stop` is set."""
        while not stop.is_set():
            self._wake.clear()
            wait_s = self.step()
            if wait_s is None and not self._inlets.has_new:
                break
            if wait_s:
                self._wake.wait(wait_s)
        self.close()

    def step(self) -> float | None:
        """Do what can be done now; the seconds after which to look again, None at the end.

        A frame that comes, or a batch that is taken or given back, is a reason to look earlier.
        """
        self._place_new()
        self._sizing.follow(self._current_model())
        max_size = self._max_size()
        if self.admission.is_due:
            self.admission.update(max_size, self.age.unreachable)
            self._intake.set_paces(self.admission.paces)
        opens_in_s = self._opens_in_s()
        may_paint = opens_in_s <= 0.0 or not self._intake.has_live
        batch = self._in_hand = self._batch_to_fill(max_size, may_paint=may_paint)
        if batch is None:
            return _IDLE_WAIT_S
        all_closed = self._intake.all_closed  # before looking into the channels, not after
        if may_paint:
            self._filler.fill(batch, max_size, is_busy=self._is_busy)
        if not batch.items:
            self._is_again = False
            idle_s = min(_IDLE_WAIT_S, opens_in_s or _IDLE_WAIT_S)
            return None if self._intake.all_drained else idle_s
        # what was good enough to go before goes again, or the backend would wait for nothing
        goes = len(batch.items) >= max_size or all_closed or self._is_again
        wait_s = 0.0 if goes else self._patience_s(batch, opens_in_s)
        if wait_s > 0.0:
            return wait_s
        self._offer(batch)
        return 0.0

    def close(self) -> None:
        """Send off nothing more; what is ready can still be taken."""
        self._buffers.close()

    def take(self, timeout_s: float) -> Batch | None:
        """The next batch, or None when none was ready within `timeout_s`."""
        batch = self._buffers.take(timeout_s)
        if batch is None:
            return None
        is_lossless = [self._inlets[item.index].is_lossless for item in batch.items]
        self._filler.remove(batch, self.age.late_slots(batch, is_lossless))
        if not batch.items:
            self._buffers.give_back(batch)
            return None
        self._sizing.taken(batch)
        self._backend.starts(len(batch.items))
        self.wake()
        return batch

    def give_back(self, batch: Batch, infer_s: float | None = None) -> None:
        """Return a batch whose pictures are no longer needed; what the backend took for it."""
        if infer_s is not None:
            self._stats.add_batch(len(batch.items), infer_s)
            if self._sizing.add(batch, infer_s):
                self.age.answered(infer_s)
        self._backend.ends()
        self._buffers.give_back(batch)

    def _place_new(self) -> None:
        for index in self._inlets.take_new():
            inlet = self._inlets[index]
            inlet.channel.watch(self.wake)
            self._intake.place(index, inlet)
            self.admission.place(index, inlet)

    def _max_size(self) -> int:
        """The most pictures that the next batch should have."""
        is_light = self.admission.share(self._sizing.single_s) < _KEPT_UP_SHARE
        size = self._sizing.max_size(is_light=is_light)
        if not is_light:
            size = self._least_that_keeps_up(size)
        if self._intake.has_live:
            while size > 1 and not self.age.fits(size):
                size -= 1
        return size

    def _least_that_keeps_up(self, most: int) -> int:
        """The answers of a larger batch than needed come later, and all at once."""
        for size in range(2, most):
            if self.admission.share(self._sizing.cost.usual_s(size) / size) < _KEPT_UP_SHARE:
                return size
        return most

    def _batch_to_fill(self, max_size: int, *, may_paint: bool) -> Batch | None:
        """The one that was begun, or one that was offered and can be made better, or a free one."""
        if self._in_hand is not None and self._in_hand.items:
            return self._in_hand
        recalled = self._recall(max_size) if may_paint else None
        if recalled is None:
            begun = self._in_hand or self._buffers.begin()
            if begun is not None:
                begun.fit(self._sizing.model)
            return begun
        if self._in_hand is not None:
            self._buffers.leave(self._in_hand)
        return recalled

    def _recall(self, max_size: int) -> Batch | None:
        """The offered batch, if it was not taken yet and there is something to add or replace."""
        batch = self._buffers.recall()
        if batch is None:
            return None
        is_worth_it = self._intake.has_more(batch, max_size) or (
            self._is_busy and self._intake.has_newer(batch)
        )
        if is_worth_it and batch.model is self._sizing.model:
            self._is_again = True
            return batch
        self._buffers.offer(batch)
        return None

    @property
    def _is_busy(self) -> bool:
        return self._backend.share >= _BUSY_SHARE

    def _opens_in_s(self) -> float:
        """Seconds until the next batch should be made, as the backend is about to be free."""
        free_in_s = self._backend.free_in_s()
        if free_in_s <= _LEAD_S or free_in_s == float("inf"):
            return 0.0 if free_in_s <= _LEAD_S else free_in_s
        paint_s = self._painter.usual_s * min(self._intake.waiting, self._settings.max_size)
        return max(0.0, free_in_s - _LEAD_S - _LEAD_PAINTINGS * paint_s)

    def _patience_s(self, batch: Batch, opens_in_s: float) -> float:
        """How long to wait for more before the batch goes."""
        if self._intake.is_complete(batch) and opens_in_s <= 0.0:
            return 0.0
        if not self._backend.is_waiting or self._buffers.has_offer:
            return min(_IDLE_WAIT_S, opens_in_s or _IDLE_WAIT_S)
        if self._backend.share < _FULL_SHARE:
            return 0.0
        wait_s = min(
            self._settings.max_wait_ms / 1000.0, self._sizing.cost.saved_s(len(batch.items))
        )
        return batch.items[0].batched_s + wait_s - self._clock.monotonic()

    def _offer(self, batch: Batch) -> None:
        self._in_hand = None
        self._intake.remember(batch, is_again=self._is_again)
        self._is_again = False
        self._buffers.offer(batch)
