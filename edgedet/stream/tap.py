"""Whole frames, with what was detected in them, for those who want some: live page, snapshots.

A frame's pixels are the decoder's and go back to it once they are painted into a batch, before
anything is detected. So whoever wants to see them says so beforehand, frame by frame; then the
frame is copied, as its decoder left it, and handed over with its result. When nobody wants any,
this costs one look at an empty tuple. Never more copies are held than frames are in batches.
"""

import logging
import threading
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgedet.detections import FrameDetections, SeenFrame
from edgedet.frame import Frame, FrameInfo
from edgedet.vision.letterbox import Letterbox

logger = logging.getLogger(__name__)


class FrameListener(Protocol):
    """Wants some of the frames. One that raises is heard no more."""

    def wants(self, frame: FrameInfo) -> bool:
        """Whether to copy this frame. On the thread that fills batches; must be quick."""
        ...

    def take(self, seen: SeenFrame) -> None:
        """Have a frame that was wanted. On the thread that publishes; must be quick."""
        ...


class FrameTap:
    """Copies the frames that listeners want, and hands them over with their results."""

    def __init__(self) -> None:
        """Begin without listeners."""
        self._lock = threading.Lock()  # guards everything below; the tuple is replaced, not changed
        self._listeners: tuple[FrameListener, ...] = ()
        self._kept: dict[tuple[str, int], tuple[Frame, tuple[FrameListener, ...]]] = {}
        self._copied = 0

    @property
    def copied(self) -> int:
        """Frames copied so far."""
        return self._copied

    def add(self, listener: FrameListener) -> None:
        """Ask `listener` about every frame from now on."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def remove(self, listener: FrameListener) -> None:
        """Leave `listener` alone; frames under way may still reach it. May be called twice."""
        with self._lock:
            self._listeners = tuple(each for each in self._listeners if each is not listener)

    def offer(self, frame: Frame) -> None:
        """Copy `frame` if anybody wants it; it is still the caller's to close."""
        if not self._listeners:
            return
        takers = tuple(each for each in self._listeners if self._wants(each, frame.info))
        if takers:
            copy = frame.copy()
            with self._lock:
                self._kept[frame.info.source_id, frame.info.seq] = (copy, takers)
                self._copied += 1

    def answered(
        self, result: FrameDetections, candidates: NDArray[np.float32], box: Letterbox
    ) -> None:
        """Hand over the frame of `result` if it was wanted.

        `candidates` (K, 7) are the detector's for the frame, which lies at `box` in its input.
        """
        if not self._kept:
            return
        with self._lock:
            frame, takers = self._kept.pop(
                (result.frame.source_id, result.frame.seq), (None, tuple[FrameListener, ...]())
            )
        if frame is None:
            return
        own = candidates.copy()
        own[:, :4] = box.to_source(candidates[:, :4])
        for listener in takers:
            self._give(listener, SeenFrame(frame, result, own))

    def forget(self, frame: FrameInfo) -> None:
        """There will be no result for `frame`: it was left out after it had been painted."""
        if not self._kept:
            return
        with self._lock:
            self._kept.pop((frame.source_id, frame.seq), None)

    def _wants(self, listener: FrameListener, frame: FrameInfo) -> bool:
        try:
            return listener.wants(frame)
        except Exception as exc:  # noqa: BLE001 - a listener's trouble is not the detector's
            self._drop(listener, exc)
            return False

    def _give(self, listener: FrameListener, seen: SeenFrame) -> None:
        try:
            listener.take(seen)
        except Exception as exc:  # noqa: BLE001 - a listener's trouble is not the detector's
            self._drop(listener, exc)

    def _drop(self, listener: FrameListener, exc: Exception) -> None:
        logger.error("a listener to frames failed and is heard no more", exc_info=exc)
        self.remove(listener)
