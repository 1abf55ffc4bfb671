"""The next frame of a source that is detected, for whoever waits for it."""

import threading

from edgedet.clock import Clock
from edgedet.detections import SeenFrame
from edgedet.frame import FrameInfo

_PATIENCE_S = 1.0  # a frame that was wanted may be lost on its way; then another one is


class NextFrame:
    """A listener at the tap that wants one frame of one source."""

    def __init__(self, source_id: str, clock: Clock) -> None:
        """Want the next frame of `source_id`."""
        self._source_id = source_id
        self._clock = clock
        self._wanted_s = float("-inf")  # on the thread that fills batches only
        self._has_come = threading.Event()
        self._seen: SeenFrame | None = None

    def wants(self, frame: FrameInfo) -> bool:
        """Whether to copy `frame`; see `FrameListener`."""
        now_s = self._clock.monotonic()
        is_wanted = (
            frame.source_id == self._source_id
            and not self._has_come.is_set()
            and now_s - self._wanted_s >= _PATIENCE_S
        )
        if is_wanted:
            self._wanted_s = now_s
        return is_wanted

    def take(self, seen: SeenFrame) -> None:
        """Have the frame; see `FrameListener`."""
        if not self._has_come.is_set():
            self._seen = seen
            self._has_come.set()

    def wait(self, timeout_s: float) -> SeenFrame | None:
        """The frame, or None when none came in time."""
        self._has_come.wait(timeout_s)
        return self._seen
