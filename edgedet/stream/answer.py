"""What the backend said about a batch, on its way from the thread that asks to that which tells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgedet.model_identity import ModelIdentity
from edgedet.stream.batch import BatchItem
from edgedet.stream.model import Thresholds
from edgedet.stream.run_tally import RunTally
from edgedet.track.base import Picture


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answered: which model, what counts as a detection of it, where its frames are counted."""

    model: ModelIdentity
    thresholds: Thresholds
    tally: RunTally


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Candidates (N, K, 7) of N frames. `pictures` (N, H, W, 3) are a copy, if anyone wants them.

    Monotonic seconds: given to the backend, returned by it.
    """

    items: tuple[BatchItem, ...]
    candidates: NDArray[np.float32]
    start_s: float
    end_s: float
    by: Answerer
    pictures: NDArray[np.uint8] | None = None

    def picture(self, index: int) -> Picture | None:
        """What the backend was shown of one frame."""
        if self.pictures is None:
            return None
        return Picture(self.pictures[index], self.items[index].box)
