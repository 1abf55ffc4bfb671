"""A batch of painted pictures, and the way of frames into it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgedet.frame import Frame, FrameInfo
from edgedet.stream.channel import Channel
from edgedet.vision.letterbox import Letterbox


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
    """A reused array of pictures and what they are. `images_nhwc` uint8 (max_size, H, W, 3)."""

    images_nhwc: NDArray[np.uint8]
    items: list[BatchItem] = field(default_factory=list)
    members: dict[int, int] = field(default_factory=dict)
    """Slots taken by each inlet, by its index."""

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

    def clear(self) -> None:
        """Forget the pictures."""
        self.items.clear()
        self.members.clear()
