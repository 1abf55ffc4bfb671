"""A batch of painted pictures, and the way of frames into it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from edgedet.frame import Frame, FrameInfo
from edgedet.stream.channel import Channel
from edgedet.stream.model import Model
from edgedet.vision.letterbox import PAD_VALUE, Letterbox
from edgedet.vision.pixels import repaint_letterboxed


@dataclass(slots=True, eq=False)
class Inlet:
    """The way of one source into the batcher. Priority and rate may be changed at any time."""

    source_id: str
    channel: Channel[Frame]
    is_lossless: bool = False
    priority: float = 1.0
    """Weight of its share of the detector."""
    max_fps: float | None = None
    """At most so many of its frames a second are taken; never for a lossless source."""
    is_gone: bool = field(default=False, init=False)
    """Whether it was removed: nothing more comes of it."""


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What is known of one picture of a batch, once its pixels are painted."""

    frame: FrameInfo
    box: Letterbox
    batched_s: float
    index: int = 0
    """Which inlet it came from."""


@dataclass(slots=True)
class Batch:
    """A reused array of pictures and what they are. `images_nhwc` uint8 (max_size, H, W, 3).

    All of them are painted for `model`.
    """

    images_nhwc: NDArray[np.uint8]
    model: Model
    items: list[BatchItem] = field(default_factory=list)
    members: dict[int, int] = field(default_factory=dict)
    """Slots taken by each inlet, by its index."""

    @classmethod
    def empty(cls, max_size: int, model: Model) -> "Batch":
        """A batch without pictures, with room for `max_size`."""
        return cls(_array(max_size, model), model)

    @property
    def pictures_nhwc(self) -> NDArray[np.uint8]:
        """The painted part, (N, H, W, 3)."""
        return self.images_nhwc[: len(self.items)]

    def remove(self, slots: Sequence[int]) -> list[BatchItem]:
        """Take the pictures of `slots` out; the others keep their order and move together."""
        gone = set(slots)
        removed = [self.items[slot] for slot in sorted(gone)]
        kept = [slot for slot in range(len(self.items)) if slot not in gone]
        for slot, before in enumerate(kept):
            if slot != before:
                self.images_nhwc[slot] = self.images_nhwc[before]
        self.items[:] = [self.items[slot] for slot in kept]
        for item in removed:
            self.members[item.index] -= 1
            if not self.members[item.index]:
                del self.members[item.index]
        return removed

    def fit(self, model: Model) -> None:
        """Be for `model`; pictures that are painted already are painted anew from themselves.

        Their frames are back with their decoders. So a picture for a larger input than its own is
        less sharp than it could be; this is for what would not be answered at all otherwise.
        """
        before, self.model = self.images_nhwc, model
        if before.shape[1:3] == model.input_hw:
            return
        self.images_nhwc = _array(len(before), model)
        for slot, item in enumerate(self.items):
            repaint_letterboxed(before[slot], item.box, self.images_nhwc[slot])
            box = Letterbox.fit(item.box.source_hw, model.input_hw)
            self.items[slot] = replace(item, box=box)

    def clear(self) -> None:
        """Forget the pictures."""
        self.items.clear()
        self.members.clear()


def _array(max_size: int, model: Model) -> NDArray[np.uint8]:
    """Room for pictures, written once: memory that is only reserved would seem to grow for hours.

    A slot would become resident with the first batch that is so large, be it a day after the start.
    """
    return np.full((max_size, *model.input_hw, 3), PAD_VALUE, dtype=np.uint8)
