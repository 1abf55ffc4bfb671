"""Frames reach those who want them, with their results, and cost nothing otherwise."""

import logging

import numpy as np
import pytest

from edgedet.detections import SeenFrame
from edgedet.frame import FrameInfo
from edgedet.stream.tap import FrameTap
from tests.stream.fakes import FakeDetector, FramePool
from tests.stream.test_pipeline import Bench


class Listener:
    """Wants the frames with these numbers."""

    def __init__(self, *seqs: int, error: Exception | None = None) -> None:
        self.seqs = seqs
        self.seen: list[SeenFrame] = []
        self.asked = 0
        self._error = error

    def wants(self, frame: FrameInfo) -> bool:
        self.asked += 1
        return frame.seq in self.seqs

    def take(self, seen: SeenFrame) -> None:
        if self._error is not None:
            raise self._error
        self.seen.append(seen)


def _run(bench: Bench, count: int = 20) -> None:
    bench.start()
    bench.feed("a", range(count))
    bench.end()


def test_wanted_frames_come_with_their_pixels_and_their_own_result() -> None:
    bench, listener, other = Bench(FakeDetector()), Listener(3, 7, 8), Listener(7)
    bench.pipeline.tap.add(listener)
    bench.pipeline.tap.add(other)

    _run(bench)

    assert [seen.frame.info.seq for seen in listener.seen] == [3, 7, 8]
    assert [seen.frame.info.seq for seen in other.seen] == [7]
    for seen in listener.seen:
        assert seen.result.frame is seen.frame.info
        assert np.all(seen.frame.planes[0] == seen.frame.info.seq)
        assert seen.result.detections.scores[0] == pytest.approx(seen.frame.info.seq / 255)
        best = seen.candidates[seen.candidates[:, 4].argmax()]
        assert np.array_equal(best[:4], seen.result.detections.boxes_xyxy[0])  # in frame pixels
        assert seen.candidates.shape == (3, 7)
    assert bench.pipeline.tap.copied == 3
    assert bench.pool.open_frames == set()


def test_nothing_is_copied_when_nobody_wants_anything() -> None:
    bench, listener = Bench(FakeDetector()), Listener()
    bench.pipeline.tap.add(listener)

    _run(bench)

    assert listener.asked == 20
    assert bench.pipeline.tap.copied == 0


def test_a_removed_listener_is_left_alone() -> None:
    bench, listener = Bench(FakeDetector()), Listener(1)
    bench.pipeline.tap.add(listener)
    bench.pipeline.tap.remove(listener)
    bench.pipeline.tap.remove(listener)

    _run(bench)

    assert (listener.asked, listener.seen) == (0, [])


def test_a_listener_that_raises_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    bench, good = Bench(FakeDetector()), Listener(*range(20))
    bad = Listener(*range(20), error=RuntimeError("odd"))
    bench.pipeline.tap.add(bad)
    bench.pipeline.tap.add(good)

    with caplog.at_level(logging.ERROR):
        _run(bench)

    assert bench.sink.seqs("a") == list(range(20))
    assert len(good.seen) == 20
    assert caplog.text.count("is heard no more") >= 1


def test_a_copy_outlives_the_decoders_memory() -> None:
    tap, listener = FrameTap(), Listener(5)
    tap.add(listener)
    frame = FramePool().frame("a", 5)
    copy = frame.copy()

    frame.planes[0][:] = 77

    assert np.all(copy.planes[0] == 5)
    assert copy.info is frame.info


def test_a_frame_without_a_result_is_not_kept() -> None:
    pool, tap, listener = FramePool(), FrameTap(), Listener(3)
    tap.add(listener)
    frame = pool.frame("a", 3)
    tap.offer(frame)
    tap.forget(frame.info)
    tap.forget(frame.info)
    assert not tap._kept
