"""Frames into pictures: converted, resized and written into a batch's slot."""

import logging

import numpy as np
from numpy.typing import NDArray

from edgedet.clock import Clock
from edgedet.frame import Frame
from edgedet.log import RateLimited
from edgedet.stream.batch import BatchItem
from edgedet.stream.stats import PipelineStats
from edgedet.stream.tap import FrameTap
from edgedet.vision.pixels import paint_letterboxed

logger = logging.getLogger(__name__)

_SMOOTHING = 0.1


class Painter:
    """Paints frames and lets go of them at once. For one thread."""

    def __init__(self, stats: PipelineStats, tap: FrameTap, clock: Clock) -> None:
        """Count in `stats`; what `tap` wants of the painted frames, it may copy."""
        self._stats = stats
        self._tap = tap
        self._clock = clock
        self._trouble = RateLimited(logger, clock)
        self._usual_s = 0.0

    @property
    def usual_s(self) -> float:
        """What a painting takes, smoothed."""
        return self._usual_s

    def paint(self, frame: Frame, index: int, image_hwc: NDArray[np.uint8]) -> BatchItem | None:
        """Paint a frame of inlet `index` into `image_hwc`, and close it; None if that fails."""
        batched_s = self._clock.monotonic()
        try:
            box = paint_letterboxed(frame, image_hwc)
            painted_s = self._clock.monotonic()
            self._tap.offer(frame)
        except Exception as exc:  # noqa: BLE001 - one odd frame must not end all the others
            self._stats.add_unpaintable(frame.info.source_id)
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
            return None
        finally:
            frame.close()
        self._usual_s += _SMOOTHING * (painted_s - batched_s - self._usual_s)
        self._stats.add_paint(painted_s - batched_s)
        return BatchItem(frame.info, box, batched_s, index)
