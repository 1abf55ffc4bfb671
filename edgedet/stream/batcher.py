"""Which frame comes next, into which batch, and when a batch is sent off.

The rules, in words:

- Sources take turns; nobody is served twice while another waits.
- A live source has one slot of a batch, so a slow backend never makes it wait for itself. A
  lossless source fills what is left, and always gets at least one slot.
- A batch has as many pictures as pays on this backend, at most `max_size`.
- A full batch goes at once. Otherwise a batch waits while the backend is busy. With the backend
  idle it goes at once too, unless the backend was busy for most of the latest time: then it waits
  for sources that were in the latest batches, and at most `max_wait_ms`.
- Two batches take turns: one is inside the backend while the other is being painted.
"""

import logging
import threading
from collections.abc import Callable, Sequence

import numpy as np

from edgedet.clock import Clock
from edgedet.config.batch import BatchSettings
from edgedet.frame import Frame
from edgedet.log import RateLimited
from edgedet.stream.batch import Batch, BatchItem, Inlet
from edgedet.stream.busy import BusyShare
from edgedet.stream.channel import Channel
from edgedet.stream.limit import BatchLimit
from edgedet.stream.tap import FrameTap
from edgedet.vision.pixels import paint_letterboxed

logger = logging.getLogger(__name__)

_BUFFERS = 2
_IDLE_WAIT_S = 0.5  # nothing to do: a put or a close wakes us, this bounds the wait all the same
_ABSENT_BATCHES = 3  # a source missing from so many batches in a row is not waited for
_WORTH_WAITING = 0.7  # busy share of the backend above which fuller batches pay for the wait


class Batcher:
    """Fills batches from inlets on one thread (`run`); another takes and gives them back."""

    def __init__(  # noqa: PLR0913 - the pipeline hands over every part
        self,
        inlets: Sequence[Inlet],
        settings: BatchSettings,
        input_hw: tuple[int, int],
        clock: Clock,
        on_paint: Callable[[float], None] | None = None,
        tap: FrameTap | None = None,
    ) -> None:
        """Allocate the batches, watch the inlets; `on_paint` gets each painting's seconds.

        What `tap` wants of the painted frames, it may copy.
        """
        self._inlets = tuple(inlets)
        self._limit = BatchLimit(settings.max_size)
        self._max_wait_s = settings.max_wait_ms / 1000.0
        self._clock = clock
        self._on_paint = on_paint
        self._tap = tap or FrameTap()
        self._trouble = RateLimited(logger, clock)
        self._wake = threading.Event()
        self._free = Channel[Batch](_BUFFERS)
        self._ready = Channel[Batch](_BUFFERS)
        shape = (settings.max_size, *input_hw, 3)
        for _ in range(_BUFFERS):
            self._free.put(Batch(np.zeros(shape, dtype=np.uint8)))
        self._turn = 0
        self._absent = [0] * len(self._inlets)
        self._unpaintable = 0
        self._busy = BusyShare(clock)
        for inlet in self._inlets:
            inlet.channel.watch(self.wake)

    @property
    def unpaintable(self) -> int:
        """Frames left out because they could not be converted."""
        return self._unpaintable

    @property
    def is_drained(self) -> bool:
        """Whether no batch is left and none will come."""
        return self._ready.is_drained

    def wake(self) -> None:
        """Look again: a frame came, or an inlet was closed. From any thread."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Fill and send off batches until all inlets are drained or `stop` is set."""
        while not stop.is_set():
            batch = self._free.get(_IDLE_WAIT_S)
            if batch is None:
                continue
            if not self._fill(batch, stop):
                break
            self._send(batch)
        self.close()

    def close(self) -> None:
        """Send off nothing more; what is ready can still be taken."""
        self._ready.close()

    def take(self, timeout_s: float) -> Batch | None:
        """The next batch, or None when none was ready within `timeout_s`."""
        return self._ready.get(timeout_s)

    def give_back(self, batch: Batch, infer_s: float | None = None) -> None:
        """Return a batch whose pictures are no longer needed; what the backend took for it."""
        if infer_s is not None:
            self._limit.add(len(batch.items), infer_s)
        batch.clear()
        self._busy.leave()
        self._free.put(batch)
        self._wake.set()

    def _fill(self, batch: Batch, stop: threading.Event) -> bool:
        """Paint until the batch should go; False if it is empty and there is nothing to come."""
        max_size = self._limit.size
        while not stop.is_set():
            self._wake.clear()
            all_closed = all(inlet.channel.is_closed for inlet in self._inlets)
            while len(batch.items) < max_size and self._paint_next(batch, max_size):
                pass
            if len(batch.items) == max_size or all_closed:
                if batch.items or all(inlet.channel.is_drained for inlet in self._inlets):
                    return bool(batch.items)
                continue
            patience_s = self._patience_s(batch)
            if patience_s <= 0.0:
                return True
            self._wake.wait(patience_s)
        return False

    def _patience_s(self, batch: Batch) -> float:
        """How long to wait for more before the batch goes."""
        if not batch.items:
            return _IDLE_WAIT_S
        if self._busy.is_busy:
            return _IDLE_WAIT_S
        if self._busy.share < _WORTH_WAITING:
            return 0.0
        expected = (
            index
            for index, inlet in enumerate(self._inlets)
            if self._absent[index] < _ABSENT_BATCHES and not inlet.channel.is_closed
        )
        if all(index in batch.members for index in expected):
            return 0.0
        return batch.items[0].batched_s + self._max_wait_s - self._clock.monotonic()

    def _send(self, batch: Batch) -> None:
        for index in range(len(self._inlets)):
            self._absent[index] = 0 if index in batch.members else self._absent[index] + 1
        self._busy.enter()
        self._ready.put(batch)

    def _paint_next(self, batch: Batch, max_size: int) -> bool:
        """Take one frame of the source whose turn it is; whether there was one."""
        count = len(self._inlets)
        for step in range(count):
            index = (self._turn + step) % count
            if not self._may_enter(index, batch, max_size):
                continue
            frame = self._inlets[index].channel.get_nowait()
            if frame is not None:
                self._turn = (index + 1) % count
                self._paint(frame, index, batch)
                return True
        return False

    def _may_enter(self, index: int, batch: Batch, max_size: int) -> bool:
        """Whether the inlet may have (one more) slot of this batch."""
        taken = batch.members.get(index, 0)
        if taken == 0 or not self._inlets[index].is_lossless:
            return taken == 0
        held_free = sum(
            1
            for other, inlet in enumerate(self._inlets)
            if not inlet.is_lossless
            and other not in batch.members
            and self._absent[other] < _ABSENT_BATCHES
        )
        return len(batch.items) + held_free < max_size

    def _paint(self, frame: Frame, index: int, batch: Batch) -> None:
        """Paint `frame` into the next slot and let go of it at once."""
        batched_s = self._clock.monotonic()
        try:
            box = paint_letterboxed(frame, batch.images_nhwc[len(batch.items)])
            painted_s = self._clock.monotonic()
            self._tap.offer(frame)
        except Exception as exc:  # noqa: BLE001 - one odd frame must not end all the others
            self._unpaintable += 1
            self._trouble.warning(
                frame.info.source_id,
                "source '%s': frame %d of %d x %d (%s) cannot be converted and is left out: %s",
                frame.info.source_id,
                frame.info.seq,
                frame.info.width,
                frame.info.height,
                frame.pixel_format.value,
                exc,
            )
            return
        finally:
            frame.close()
        batch.items.append(BatchItem(frame.info, box, batched_s))
        batch.members[index] = batch.members.get(index, 0) + 1
        if self._on_paint is not None:
            self._on_paint(painted_s - batched_s)
