"""What the rest of edgedet knows of the analysis of objects over time."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgedet.analytics import ObjectEvent, SourceCounts
from edgedet.detections import FrameDetections
from edgedet.vision.letterbox import Letterbox


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The pixels that the detector saw, RGB uint8 (H, W, 3), and where the frame lies in them."""

    rgb_hwc: NDArray[np.uint8]
    letterbox: Letterbox


@dataclass(frozen=True, slots=True)
class Needs:
    """What an analyst wants of a source: detections from a score on, and perhaps pixels."""

    score_threshold: float
    picture: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to tell, in order."""

    events: tuple[ObjectEvent, ...] = ()
    counts: tuple[SourceCounts, ...] = ()


class Analyst(Protocol):
    """Says which detections count, follows them over time, and reports. For one thread."""

    def needs(self, source_id: str, score_threshold: float) -> Needs:
        """What `observe` should be given of this source; from any thread.

        `score_threshold` is the model's, for sources that have none of their own.
        """
        ...

    def observe(
        self, result: FrameDetections, picture: Picture | None, score_threshold: float
    ) -> tuple[FrameDetections, Report]:
        """What is left of `result` and what it means; frames of one source come in order."""
        ...

    def idle(self, now_s: float, ended: Collection[str]) -> Report:
        """What the absence of frames means at the monotonic time `now_s`; call it now and then.

        `ended` are the sources of which no frame will come any more.
        """
        ...

    def finish(self, ended: Collection[str]) -> Report:
        """What is left to tell when all is over; sources not in `ended` were stopped."""
        ...
