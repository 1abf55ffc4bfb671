"""The source's part of the work, alone: decoding and painting; and pictures for the backends."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgedet.clock import Clock
from edgedet.commands.bench.figures import SourceCost
from edgedet.config.source import SourceSettings
from edgedet.errors import SourceError
from edgedet.frame import Frame
from edgedet.source import FrameSource, create_source
from edgedet.stream.stats import Samples
from edgedet.vision import Letterbox, paint_letterboxed

_OPEN_TIMEOUT_S = 10.0
_READ_TIMEOUT_S = 5.0
_WARM_FRAMES = 5
_PICTURES = 16  # so many different ones for the backends
_MIN_FRAMES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """Pictures uint8 (N, H, W, 3) as the pipeline paints them, where they lie, and their cost."""

    pictures_nhwc: NDArray[np.uint8]
    boxes: tuple[Letterbox, ...]
    cost: SourceCost


def measure_source(
    settings: SourceSettings, input_hw: tuple[int, int], seconds: float, clock: Clock
) -> Feed:
    """Read `settings` as fast as it goes for `seconds`, then paint frames for as long.

    Raises:
        SourceError: If it cannot be read.
    """
    source = create_source(settings, clock)
    try:
        source.open(_OPEN_TIMEOUT_S)
        for _ in range(_WARM_FRAMES):
            _next(source, settings).close()
        decode_ms, decode_cpu_ms = _decode(source, settings, seconds)
        return _paint(source, settings, input_hw, seconds, (decode_ms, decode_cpu_ms))
    finally:
        source.close()


def _decode(source: FrameSource, settings: SourceSettings, seconds: float) -> tuple[float, float]:
    """Milliseconds a frame: of the wall clock, and of all processors together."""
    start_s, start_cpu_s, count = time.perf_counter(), time.process_time(), 0
    while count < _MIN_FRAMES or time.perf_counter() - start_s < seconds:
        _next(source, settings).close()
        count += 1
    spent_s, spent_cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    return 1000 * spent_s / count, 1000 * spent_cpu_s / count


def _paint(
    source: FrameSource,
    settings: SourceSettings,
    input_hw: tuple[int, int],
    seconds: float,
    decode_ms: tuple[float, float],
) -> Feed:
    pictures = np.zeros((_PICTURES, *input_hw, 3), dtype=np.uint8)
    boxes: dict[int, Letterbox] = {}
    times = Samples()
    size_hw = (0, 0)
    start_s, count = time.perf_counter(), 0
    while count < _MIN_FRAMES or time.perf_counter() - start_s < seconds:
        frame = _next(source, settings)
        slot = count % _PICTURES
        before_s = time.perf_counter()
        try:
            boxes[slot] = paint_letterboxed(frame, pictures[slot])
        finally:
            frame.close()
        times.add(time.perf_counter() - before_s)
        size_hw = frame.info.height, frame.info.width
        count += 1
    decoder = source.condition.decoder or "raw"
    cost = SourceCost(size_hw[1], size_hw[0], decoder, *decode_ms, times.percentiles())
    return Feed(pictures, tuple(boxes[slot] for slot in range(_PICTURES)), cost)


def _next(source: FrameSource, settings: SourceSettings) -> Frame:
    frame = source.read(_READ_TIMEOUT_S)
    if frame is None:
        msg = f"source '{settings.id}': no frame for {_READ_TIMEOUT_S:.0f} s while measuring it"
        raise SourceError(msg)
    return frame
