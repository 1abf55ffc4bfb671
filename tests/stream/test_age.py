"""What would be answered too late is known beforehand, the oldest first."""

from edgedet.frame import CaptureSource, CaptureTime, FrameInfo
from edgedet.stream.age import AgeLimit
from edgedet.stream.batch import Batch, BatchItem
from edgedet.stream.cost import BatchCost
from edgedet.vision.letterbox import Letterbox
from tests.stream.fakes import START_UTC, FakeClock, fake_model


class Bench:
    """An age limit of 1 s, before a backend that takes `per_picture_s` for each picture."""

    def __init__(self, per_picture_s: float, budget_ms: float | None = 1000.0) -> None:
        self.clock = FakeClock()
        self.cost = BatchCost()
        for size in (1, 1, 1, 2, 3, 4):
            self.cost.add(size, per_picture_s * size)
        self.age = AgeLimit(budget_ms, self.cost, self.clock)

    def late(self, *ages_s: float, lossless: tuple[int, ...] = ()) -> list[int]:
        """The late slots of a batch of frames of these ages."""
        batch = Batch.empty(len(ages_s), fake_model(input_hw=(8, 8)))
        for slot, age_s in enumerate(ages_s):
            arrival_s = self.clock.monotonic() - age_s
            capture = CaptureTime(START_UTC, CaptureSource.FILE)
            info = FrameInfo(f"s{slot}", 0, 8, 8, None, capture, arrival_s)
            batch.items.append(BatchItem(info, Letterbox.fit((8, 8), (8, 8)), 0.0, slot))
        return self.age.late_slots(batch, [slot in lossless for slot in range(len(ages_s))])


def test_frames_that_make_it_stay() -> None:
    assert Bench(0.1).late(0.0, 0.3, 0.5) == []


def test_the_oldest_go_until_the_rest_makes_it() -> None:
    bench = Bench(0.2)
    assert bench.late(0.1, 0.9, 0.3) == [1]
    assert bench.late(0.4, 0.4, 0.4, 0.1) == [0, 1]  # with two left, 0.4 s and 0.4 s are in time


def test_frames_of_lossless_sources_stay_whatever_their_age() -> None:
    assert Bench(0.2).late(5.0, 0.9, 0.0, lossless=(0,)) == [1]


def test_when_none_makes_it_the_newest_goes_once_a_second_to_see() -> None:
    bench = Bench(1.5)
    results = []
    for _ in range(4):
        results.append(bench.late(0.2, 0.1))
        bench.clock.advance(0.5)
    assert results == [[0], [0, 1], [0], [0, 1]]


def test_what_comes_after_the_answer_counts() -> None:
    bench = Bench(0.1)
    assert bench.late(0.8) == []
    for _ in range(20):
        bench.age.add_tail(0.3)
    assert bench.late(0.8, 0.0) == [0]


def test_without_a_budget_nothing_is_late() -> None:
    bench = Bench(10.0, budget_ms=None)
    assert bench.late(100.0, 0.0) == []
    assert not bench.age.is_late(0.0, 1e9)
    assert bench.age.fits(64)
    assert bench.age.unreachable == ""


def test_a_result_is_late_a_little_before_the_budget_is_used_up() -> None:
    age = Bench(0.1).age
    assert [age.is_late(100.0, 100.0 + past_s) for past_s in (0.94, 0.96)] == [False, True]


def test_batches_are_small_enough_to_wait_for_one_and_be_in_another() -> None:
    age = Bench(0.1).age
    assert [size for size in range(1, 9) if age.fits(size)] == [1, 2, 3, 4]


def test_says_when_the_budget_cannot_be_kept_and_what_to_do() -> None:
    assert Bench(0.1).age.unreachable == ""
    assert Bench(1.5).age.unreachable == (
        "the detector takes 1500 ms for one picture, too long for batch.latency_budget_ms of 1000;"
        " raise it, or use a faster backend or a smaller model"
    )
