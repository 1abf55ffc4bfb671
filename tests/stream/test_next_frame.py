"""One frame of one source, copied once."""

import numpy as np

from edgedet.detections import Detections, FrameDetections, SeenFrame
from edgedet.stream.next_frame import NextFrame
from tests.stream.fakes import FakeClock, FramePool


def _seen(source_id: str, seq: int) -> SeenFrame:
    frame = FramePool().frame(source_id, seq)
    nothing = Detections(
        np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int32)
    )
    return SeenFrame(frame, FrameDetections(frame.info, nothing))


def test_wants_one_frame_of_its_source_and_another_if_that_does_not_come() -> None:
    clock = FakeClock()
    listener = NextFrame("gate", clock)
    gate, dock = _seen("gate", 1).frame.info, _seen("dock", 1).frame.info

    wanted = [listener.wants(dock), listener.wants(gate), listener.wants(gate)]
    clock.advance(1.5)
    wanted.append(listener.wants(gate))

    assert wanted == [False, True, False, True]


def test_first_that_comes_is_kept_and_ends_the_wish() -> None:
    clock = FakeClock()
    listener = NextFrame("gate", clock)
    assert listener.wait(0.01) is None
    first = _seen("gate", 1)
    listener.take(first)
    listener.take(_seen("gate", 2))

    assert listener.wait(30.0) is first
    assert not listener.wants(first.frame.info)
