"""Painted frames are let go of at once, and an odd one is left out and counted."""

import numpy as np
import pytest

from edgedet.clock import SystemClock
from edgedet.frame import Frame, PixelFormat
from edgedet.stream.painter import Painter
from edgedet.stream.stats import PipelineStats, Stage
from edgedet.stream.tap import FrameTap
from tests.stream.fakes import FramePool


def _painter(stats: PipelineStats) -> Painter:
    return Painter(stats, FrameTap(), SystemClock())


def test_a_painted_frame_is_in_its_slot_and_closed() -> None:
    pool, stats = FramePool(), PipelineStats(("a",))
    image = np.zeros((32, 32, 3), dtype=np.uint8)
    painter = _painter(stats)
    item = painter.paint(pool.frame("a", 200), 3, image)
    assert item is not None
    assert (item.frame.seq, item.index) == (200, 3)
    assert image[16, 16].tolist() == [200, 200, 200]
    assert pool.open_frames == set()
    assert stats.stages()[Stage.PAINT].count == 1
    assert painter.usual_s > 0.0


def test_a_frame_that_cannot_be_painted_is_counted_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pool, stats = FramePool(), PipelineStats(("a",))
    good = pool.frame("a", 0)
    odd = Frame(good.info, PixelFormat.GRAY8, good.planes, good.release)
    assert _painter(stats).paint(odd, 0, np.zeros((32, 32, 3), dtype=np.uint8)) is None
    assert stats.sources["a"].left_out == 1
    assert pool.open_frames == set()
    assert "source 'a': frame 0 of 8 x 6 (GRAY8) cannot be converted" in caplog.text
