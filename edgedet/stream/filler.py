"""Frames into a batch, and out of it again: painted, replaced by newer ones, left out."""

from collections.abc import Sequence

from edgedet.stream.batch import Batch, BatchItem
from edgedet.stream.intake import Intake
from edgedet.stream.painter import Painter
from edgedet.stream.stats import PipelineStats
from edgedet.stream.tap import FrameTap


class Filler:
    """Fills batches with what an intake has. One thread at a time has a batch."""

    def __init__(
        self, intake: Intake, painter: Painter, stats: PipelineStats, tap: FrameTap
    ) -> None:
        """Count in `stats`, and tell `tap`, what is left out after it was painted."""
        self._intake = intake
        self._painter = painter
        self._stats = stats
        self._tap = tap

    def fill(self, batch: Batch, max_size: int, *, is_busy: bool) -> None:
        """Paint what there is for this batch; the newest wins where the backend `is_busy`."""
        if is_busy:
            self._replace(batch)
        while len(batch.items) < max_size:
            taken = self._intake.next(batch, max_size, newest=is_busy)
            if taken is None:
                break
            index, frame = taken
            item = self._painter.paint(frame, index, batch.images_nhwc[len(batch.items)])
            if item is not None:
                batch.items.append(item)
                batch.members[index] = batch.members.get(index, 0) + 1

    def remove(self, batch: Batch, slots: Sequence[int]) -> None:
        """Leave out what is in `slots`."""
        for item in batch.remove(slots) if slots else ():
            self._forget(item)

    def _replace(self, batch: Batch) -> None:
        """Paint newer frames over older ones of the same live sources."""
        spoilt = []
        for slot, before in enumerate(batch.items):
            frame = self._intake.newer(before.index)
            if frame is None:
                continue
            item = self._painter.paint(frame, before.index, batch.images_nhwc[slot])
            if item is None:
                spoilt.append(slot)
            else:
                self._forget(before)
                batch.items[slot] = item
        self.remove(batch, spoilt)

    def _forget(self, item: BatchItem) -> None:
        """Count a painted frame that will not be answered."""
        self._stats.leave_out(item.frame.source_id)
        self._tap.forget(item.frame)
