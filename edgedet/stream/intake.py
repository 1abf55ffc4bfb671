"""Which frame goes into a batch next.

Sources take turns, each its share by priority. A live source has one slot of a batch, so a slow
backend never makes it wait for itself; its newest frame wins when the backend is busy. A lossless
source fills what is left and always gets at least one slot.
"""

from collections.abc import Sequence

from edgedet.frame import Frame
from edgedet.stream.batch import Batch, Inlet
from edgedet.stream.pace import Pace
from edgedet.stream.turns import Turns

_ABSENT_BATCHES = 3  # a source missing from so many batches in a row is not waited for


class Intake:
    """Takes frames out of the inlets. For one thread."""

    def __init__(self, inlets: Sequence[Inlet]) -> None:
        """Begin with nobody served."""
        self._inlets = tuple(inlets)
        self._turns = Turns([inlet.priority for inlet in inlets])
        self._paces = [Pace(inlet.max_fps) for inlet in inlets]
        self._absent = [0] * len(self._inlets)

    def place(self, index: int, inlet: Inlet) -> None:
        """One more inlet, or another one in the place of one that is gone."""
        inlets = list(self._inlets)
        inlets[index : index + 1] = [inlet]
        self._inlets = tuple(inlets)
        self._turns.join(index, inlet.priority)
        self._paces[index : index + 1] = [Pace(inlet.max_fps)]
        self._absent[index : index + 1] = [0]

    @property
    def all_closed(self) -> bool:
        """Whether no further frame will come."""
        return all(inlet.channel.is_closed for inlet in self._inlets)

    @property
    def all_drained(self) -> bool:
        """Whether no frame is left and none will come."""
        return all(inlet.channel.is_drained for inlet in self._inlets)

    @property
    def has_live(self) -> bool:
        """Whether a live source may still deliver."""
        return any(not i.is_lossless and not i.channel.is_closed for i in self._inlets)

    @property
    def waiting(self) -> int:
        """Sources with a frame to take."""
        return sum(1 for inlet in self._inlets if len(inlet.channel))

    def set_paces(self, most_fps: Sequence[float | None]) -> None:
        """Take at most so many frames a second from each inlet, and no more than it allows.

        What an inlet allows, and its priority, are looked at anew too.
        """
        self._turns.weights = tuple(inlet.priority for inlet in self._inlets)
        for inlet, pace, fps in zip(self._inlets, self._paces, most_fps, strict=True):
            both = [each for each in (inlet.max_fps, fps) if each is not None]
            pace.set_fps(min(both, default=None))

    def next(self, batch: Batch, max_size: int, *, newest: bool) -> tuple[int, Frame] | None:
        """The frame whose turn it is, and its inlet; None if there is none for this batch."""
        for index in self._turns.order():
            if not self._may_enter(index, batch, max_size):
                continue
            frame = self._take(index, newest=newest)
            if frame is not None:
                self._turns.served(index)
                return index, frame
        return None

    def newer(self, index: int) -> Frame | None:
        """A newer frame of a live source that has been served already, in place of the other."""
        inlet = self._inlets[index]
        return None if inlet.is_lossless else inlet.channel.pick(lambda _frame: True, newest=True)

    def has_newer(self, batch: Batch) -> bool:
        """Whether `newer` has a frame for a source of this batch."""
        return any(
            not self._inlets[index].is_lossless and len(self._inlets[index].channel) > 0
            for index in batch.members
        )

    def has_more(self, batch: Batch, max_size: int) -> bool:
        """Whether `next` may have a frame for this batch."""
        return len(batch.items) < max_size and any(
            self._may_enter(index, batch, max_size) for index in range(len(self._inlets))
        )

    def is_complete(self, batch: Batch) -> bool:
        """Whether every source that was in the latest batches is in this one too."""
        return all(
            index in batch.members
            for index, inlet in enumerate(self._inlets)
            if self._absent[index] < _ABSENT_BATCHES and not inlet.channel.is_closed
        )

    def remember(self, batch: Batch, *, is_again: bool) -> None:
        """Keep in mind who is in a batch that goes; `is_again`: it went, and came back."""
        for index in range(len(self._inlets)):
            if index in batch.members:
                self._absent[index] = 0
            elif not is_again:
                self._absent[index] += 1

    def _take(self, index: int, *, newest: bool) -> Frame | None:
        inlet, pace = self._inlets[index], self._paces[index]
        if inlet.is_lossless:
            return inlet.channel.get_nowait()
        frame = inlet.channel.pick(lambda f: pace.accepts(f.info.arrival_s), newest=newest)
        if frame is not None:
            pace.passed(frame.info.arrival_s)
        return frame

    def _may_enter(self, index: int, batch: Batch, max_size: int) -> bool:
        """Whether the inlet has a frame and may have (one more) slot of this batch."""
        inlet = self._inlets[index]
        if not len(inlet.channel):
            return False
        taken = batch.members.get(index, 0)
        if not inlet.is_lossless:
            return taken == 0
        if taken == 0:
            return True
        held_free = sum(
            1
            for other, live in enumerate(self._inlets)
            if not live.is_lossless
            and other not in batch.members
            and self._absent[other] < _ABSENT_BATCHES
        )
        return len(batch.items) + held_free < max_size
