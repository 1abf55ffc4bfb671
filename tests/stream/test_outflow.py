"""What is made of a frame reaches the sink, and so does what silence means."""

import numpy as np
from numpy.typing import NDArray

from edgedet.analytics import EventType
from edgedet.detections import FrameDetections
from edgedet.stream.answer import Answer
from edgedet.stream.batch import BatchItem
from edgedet.stream.outflow import Outflow
from edgedet.track.analysts import Analysts
from edgedet.vision.letterbox import Letterbox
from tests.stream.fakes import FakeClock, RecordingSink, answerer
from tests.track.scenes import BOOT, CLASSES, FPS, HEIGHT, WIDTH, frame_at, source, walker, words

START_S = 1000.0  # when the frames of the scenes begin to arrive


def _answer(seq: int, pictures: NDArray[np.uint8] | None = None) -> Answer:
    candidates = np.zeros((1, 2, 7), np.float32)
    for row, (box, score) in enumerate([(walker((0.4, 0.8)), 0.9), (walker((0.8, 0.8)), 0.2)]):
        candidates[0, row, :5] = *(np.array(box) * (WIDTH, HEIGHT, WIDTH, HEIGHT)), score
    letterbox = Letterbox.fit((HEIGHT, WIDTH), (HEIGHT, WIDTH))
    item = BatchItem(frame_at(seq / FPS), letterbox, batched_s=0.1, index=0)
    return Answer((item,), candidates, 0.2, 0.3, answerer(), pictures)


class Bench:
    """An outflow with what came out of it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.clock.now_s = START_S
        self.sink = RecordingSink()
        self.outflow = Outflow(Analysts([source()], CLASSES, BOOT), self.sink, self.clock)

    def show(self, *seqs: int) -> list[FrameDetections]:
        """Frames with one object, and a weak one that does not count."""
        return [self.outflow.take(_answer(seq), 0) for seq in seqs]


def test_results_are_handed_over_as_the_analyst_left_them() -> None:
    bench = Bench()
    left = bench.show(0, 1, 2)

    assert bench.sink.results == left
    assert [result.tracks for result in left] == [(None,), ("6f1c-1",), ("6f1c-1",)]
    assert words(bench.sink.events) == ["start"]
    assert len(bench.sink.counts) == 1


def test_skipped_frames_are_counted() -> None:
    assert [result.skipped for result in Bench().show(2, 3, 7)] == [2, 0, 3]


def test_stage_times_go_along() -> None:
    result = Bench().show(0)[0]

    assert (result.batched_s, result.infer_start_s, result.infer_end_s) == (0.1, 0.2, 0.3)


def test_pictures_are_wanted_where_colours_are() -> None:
    items = _answer(0).items
    grey = Analysts([source(track={"uses_colours": False})], CLASSES, BOOT)

    assert Bench().outflow.wants_pictures(items, 0.25)
    assert not Outflow(grey, RecordingSink(), FakeClock()).wants_pictures(items, 0.25)


def test_silence_is_told_once_and_not_at_every_look() -> None:
    bench = Bench()
    bench.show(0, 1, 2)
    for _ in range(200):
        bench.clock.advance(0.1)
        bench.outflow.look_round(())

    assert words(bench.sink.events) == ["start", "end source_lost"]


def test_the_end_is_told() -> None:
    bench = Bench()
    bench.show(0, 1, 2)
    bench.outflow.finish({"gate"})

    assert words(bench.sink.events) == ["start", "end source_ended"]
    assert bench.sink.events[-1].type is EventType.END
