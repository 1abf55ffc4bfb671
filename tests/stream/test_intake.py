"""Who may have a slot of a batch, and with which frame."""

from edgedet.frame import Frame
from edgedet.stream.batch import Batch, BatchItem, Inlet
from edgedet.stream.channel import Channel, Policy
from edgedet.stream.intake import Intake
from edgedet.vision.letterbox import Letterbox
from tests.stream.fakes import FramePool, fake_model


class Bench:
    """An intake before inlets, one for each letter: L for lossless, any other for live."""

    def __init__(self, kinds: str, **settings: float) -> None:
        self.pool = FramePool()
        self.inlets = [self._inlet(n, kind == "L", **settings) for n, kind in enumerate(kinds)]
        self.intake = Intake(self.inlets)
        self.batch = Batch.empty(8, fake_model(input_hw=(4, 4)))

    def feed(self, number: int, *seqs: int) -> None:
        inlet = self.inlets[number]
        for seq in seqs:
            inlet.channel.put(self.pool.frame(inlet.source_id, seq, arrival_s=seq / 10), 0)

    def fill(self, max_size: int = 8, *, newest: bool = False) -> list[tuple[str, int]]:
        """Fill the batch; whose frames are in it now."""
        while len(self.batch.items) < max_size:
            taken = self.intake.next(self.batch, max_size, newest=newest)
            if taken is None:
                break
            index, frame = taken
            box = Letterbox.fit((6, 8), (4, 4))
            self.batch.items.append(BatchItem(frame.info, box, 0.0, index))
            self.batch.members[index] = self.batch.members.get(index, 0) + 1
            frame.close()
        return [(item.frame.source_id, item.frame.seq) for item in self.batch.items]

    def send(self) -> None:
        self.intake.remember(self.batch, is_again=False)
        self.batch.clear()

    def _inlet(self, number: int, is_lossless: bool, **settings: float) -> Inlet:
        policy = Policy.BLOCK if is_lossless else Policy.DROP_OLDEST
        channel = Channel[Frame](4, policy, dispose=Frame.close)
        return Inlet(f"s{number}", channel, is_lossless, **settings)


def test_a_live_source_has_one_slot_and_a_lossless_one_the_rest() -> None:
    bench = Bench("cL")
    bench.feed(0, 0, 1)
    bench.feed(1, 0, 1, 2)
    assert sorted(bench.fill(4)) == [("s0", 0), ("s1", 0), ("s1", 1), ("s1", 2)]


def test_slots_are_held_for_live_sources_that_were_there_before() -> None:
    bench = Bench("cL")
    bench.feed(1, 0, 1, 2)
    assert bench.fill(2) == [("s1", 0)]  # the other slot is the camera's
    bench.feed(0, 0)
    assert bench.fill(2) == [("s1", 0), ("s0", 0)]


def test_no_slot_is_held_for_a_live_source_that_is_gone() -> None:
    bench = Bench("cL")
    for seq in range(3):
        bench.feed(1, seq)
        bench.fill(2)
        bench.send()
    bench.feed(1, 3, 4)
    assert bench.fill(2) == [("s1", 3), ("s1", 4)]


def test_the_newest_frame_wins_when_asked_for_and_the_others_are_counted() -> None:
    bench = Bench("c")
    bench.feed(0, 0, 1, 2)
    assert bench.fill(newest=True) == [("s0", 2)]
    assert bench.inlets[0].channel.dropped == 2
    assert bench.pool.open_frames == set()


def test_a_newer_frame_is_there_for_live_sources_only() -> None:
    bench = Bench("cL")
    bench.feed(0, 0)
    bench.feed(1, 0)
    bench.fill(2)
    assert not bench.intake.has_newer(bench.batch)
    bench.feed(0, 1, 2)
    bench.feed(1, 1)
    assert bench.intake.has_newer(bench.batch)
    newer = bench.intake.newer(0)
    assert newer is not None
    assert newer.info.seq == 2
    assert bench.intake.newer(1) is None
    newer.close()


def test_knows_whether_there_is_more_for_a_batch() -> None:
    bench = Bench("cc")
    bench.feed(0, 0, 1)
    bench.fill()
    assert not bench.intake.has_more(bench.batch, 8)  # only the one that is in it already
    bench.feed(1, 0)
    assert bench.intake.has_more(bench.batch, 8)
    assert not bench.intake.has_more(bench.batch, 1)


def test_a_batch_is_complete_with_all_that_were_in_the_latest_ones() -> None:
    bench = Bench("cc")
    bench.feed(0, 0)
    bench.fill()
    assert not bench.intake.is_complete(bench.batch)
    for _ in range(3):
        bench.intake.remember(bench.batch, is_again=True)  # the same batch counts once
    assert not bench.intake.is_complete(bench.batch)
    for _ in range(3):
        bench.intake.remember(bench.batch, is_again=False)
    assert bench.intake.is_complete(bench.batch)


def test_the_lower_of_two_limits_sets_the_pace() -> None:
    bench = Bench("c", max_fps=5.0)
    for start, most_fps, expected in ((1000, None, 5), (2000, 20.0, 5), (3000, 2.0, 2)):
        bench.intake.set_paces([most_fps])
        taken = 0
        for seq in range(start, start + 10):
            bench.feed(0, seq)
            taken += len(bench.fill())
            bench.batch.clear()
        assert taken == expected


def test_knows_when_there_will_be_no_more() -> None:
    bench = Bench("cL")
    bench.feed(0, 0)
    assert (bench.intake.has_live, bench.intake.all_closed, bench.intake.waiting) == (
        True,
        False,
        1,
    )
    for inlet in bench.inlets:
        inlet.channel.close()
    assert (bench.intake.has_live, bench.intake.all_closed) == (False, True)
    assert not bench.intake.all_drained
    bench.fill()
    assert bench.intake.all_drained


def test_an_inlet_joins_and_another_takes_its_place() -> None:
    bench = Bench("a")
    for number, name in ((1, "new"), (1, "other")):
        inlet = Inlet(name, Channel[Frame](2, Policy.DROP_OLDEST, dispose=Frame.close))
        bench.inlets[number:] = [inlet]
        bench.intake.place(number, inlet)
        bench.feed(0, 1)
        bench.feed(1, 1)
        assert sorted(bench.fill()) == sorted([("s0", 1), (name, 1)])
        bench.send()
