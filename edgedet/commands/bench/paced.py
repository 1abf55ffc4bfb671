"""A file or pattern read at a camera's pace, whatever its own."""

import threading
import time
from dataclasses import replace

from edgedet.clock import Clock
from edgedet.frame import Frame
from edgedet.source import FrameSource
from edgedet.source.base import SourceCondition

_GOLDEN_RATIO = 0.618033988749895  # spreads any number of phases evenly


class PacedSource:
    """A `FrameSource` that gives `fps` frames a second of another one.

    Frames are decoded when they are due, as a camera's are, and count as arrived then: what a
    decoder without a free core takes longer is part of the latency. `number` shifts its phase, as
    cameras do not take their pictures together.
    """

    def __init__(self, source: FrameSource, fps: float, number: int, clock: Clock) -> None:
        """Pace `source`, which is this one's own from here on."""
        self._source = source
        self._period_s = 1.0 / fps
        self._phase_s = (number * _GOLDEN_RATIO % 1.0) * self._period_s
        self._clock = clock
        self._due_s = 0.0

    @property
    def condition(self) -> SourceCondition:
        """How the source that is paced is doing."""
        return self._source.condition

    def open(self, timeout_s: float, stop: threading.Event | None = None) -> None:
        """Open the source; the first frame is due after its phase."""
        self._source.open(timeout_s, stop)
        self._due_s = self._clock.monotonic() + self._phase_s

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame once it is due, or None when that is not within `timeout_s`."""
        wait_s = self._due_s - self._clock.monotonic()
        if wait_s > 0.0:
            time.sleep(min(wait_s, timeout_s))
        if wait_s > timeout_s:
            return None
        frame = self._source.read(timeout_s)
        if frame is None:
            return None
        info = replace(frame.info, arrival_s=self._due_s)
        self._due_s += self._period_s
        return replace(frame, info=info)

    def close(self) -> None:
        """Close the source."""
        self._source.close()
