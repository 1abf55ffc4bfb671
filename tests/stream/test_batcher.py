"""Who gets a slot, when a batch goes, and that nothing is lost or left open."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedet.clock import SystemClock
from edgedet.config.batch import BatchSettings
from edgedet.frame import Frame, PixelFormat
from edgedet.stream.batch import Batch, Inlet
from edgedet.stream.batcher import Batcher
from edgedet.stream.channel import Channel, Policy
from edgedet.stream.inlets import Inlets
from edgedet.stream.stats import PipelineStats
from edgedet.stream.worker import Worker
from tests.stream.fakes import WAIT_S, FramePool, fake_model, wait_until

MODEL = fake_model()


def _inlet(source_id: str, *, is_lossless: bool = True, capacity: int = 64) -> Inlet:
    policy = Policy.BLOCK if is_lossless else Policy.DROP_OLDEST
    return Inlet(source_id, Channel[Frame](capacity, policy, dispose=Frame.close), is_lossless)


def _batcher(inlets: list[Inlet], max_size: int = 4, max_wait_ms: float = 0.0) -> Batcher:
    settings = BatchSettings(max_size=max_size, max_wait_ms=max_wait_ms)
    return Batcher(Inlets(inlets), settings, lambda: MODEL, SystemClock())


def _names(batch: Batch) -> list[tuple[str, int]]:
    return [(item.frame.source_id, item.frame.seq) for item in batch.items]


def _drain(batcher: Batcher) -> list[list[tuple[str, int]]]:
    """Run the batcher to its end with a backend that is done at once."""
    worker = Worker("prepare", batcher.run)
    worker.start()
    batches = []
    while not batcher.is_drained:
        batch = batcher.take(WAIT_S)
        if batch is not None:
            batches.append(_names(batch))
            batcher.give_back(batch)
    assert worker.join(WAIT_S)
    assert worker.error is None
    return batches


def _fill(pool: FramePool, inlet: Inlet, count: int) -> None:
    for seq in range(count):
        assert inlet.channel.put(pool.frame(inlet.source_id, seq), timeout_s=0)


@settings(deadline=None, max_examples=40)
@given(counts=st.lists(st.integers(0, 20), min_size=1, max_size=5), max_size=st.integers(1, 8))
def test_lossless_sources_lose_nothing_and_keep_order(counts: list[int], max_size: int) -> None:
    pool = FramePool()
    inlets = [_inlet(f"s{index}") for index in range(len(counts))]
    for inlet, count in zip(inlets, counts, strict=True):
        _fill(pool, inlet, count)
        inlet.channel.close()
    batches = _drain(_batcher(inlets, max_size))
    assert all(0 < len(batch) <= max_size for batch in batches)
    for inlet, count in zip(inlets, counts, strict=True):
        seqs = [seq for batch in batches for name, seq in batch if name == inlet.source_id]
        assert seqs == list(range(count))
    assert pool.open_frames == set()


def test_a_frame_is_released_as_soon_as_it_is_painted() -> None:
    pool = FramePool()
    inlet = _inlet("a")
    batcher = _batcher([inlet], max_size=2)
    worker = Worker("prepare", batcher.run)
    worker.start()
    _fill(pool, inlet, 1)
    batch = batcher.take(WAIT_S)
    assert batch is not None
    assert pool.open_frames == set()
    inlet.channel.close()
    assert worker.stop(WAIT_S)


def test_fills_the_next_batch_while_the_backend_is_busy() -> None:
    pool = FramePool()
    inlet = _inlet("a")
    batcher = _batcher([inlet], max_size=3)
    worker = Worker("prepare", batcher.run)
    worker.start()
    _fill(pool, inlet, 1)
    first = batcher.take(WAIT_S)
    assert first is not None
    assert _names(first) == [("a", 0)]
    for seq in (1, 2, 3, 4, 5):
        inlet.channel.put(pool.frame("a", seq))
    wait_until(lambda: len(inlet.channel) == 2)  # three painted, though nothing was given back
    batcher.give_back(first)
    second = batcher.take(WAIT_S)
    assert second is not None
    assert _names(second) == [("a", 1), ("a", 2), ("a", 3)]
    inlet.channel.close()
    batcher.give_back(second)
    third = batcher.take(WAIT_S)
    assert third is not None
    assert _names(third) == [("a", 4), ("a", 5)]
    assert worker.stop(WAIT_S)


def test_the_first_batch_is_a_single_picture_so_that_it_is_soon_there() -> None:
    pool = FramePool()
    inlet = _inlet("a")
    _fill(pool, inlet, 5)
    inlet.channel.close()
    batches = _drain(_batcher([inlet], max_size=4))
    assert batches[0] == [("a", 0)]
    assert max(len(batch) for batch in batches) > 1


def test_a_partly_filled_batch_goes_when_the_backend_becomes_idle() -> None:
    pool = FramePool()
    inlet = _inlet("a")
    batcher = _batcher([inlet], max_size=8)
    worker = Worker("prepare", batcher.run)
    worker.start()
    _fill(pool, inlet, 1)
    first = batcher.take(WAIT_S)
    assert first is not None
    inlet.channel.put(pool.frame("a", 1))
    assert batcher.take(0.05) is None
    batcher.give_back(first)
    second = batcher.take(WAIT_S)
    assert second is not None
    assert _names(second) == [("a", 1)]
    inlet.channel.close()
    assert worker.stop(WAIT_S)


def test_an_idle_backend_gets_a_lone_frame_at_once() -> None:
    pool = FramePool()
    inlets = [_inlet("a"), _inlet("silent")]
    batcher = _batcher(inlets, max_size=8, max_wait_ms=1000)
    worker = Worker("prepare", batcher.run)
    worker.start()
    inlets[0].channel.put(pool.frame("a", 0))
    batch = batcher.take(0.9)
    assert batch is not None
    for inlet in inlets:
        inlet.channel.close()
    assert worker.stop(WAIT_S)


def test_a_frame_that_cannot_be_painted_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    pool = FramePool()
    inlet = _inlet("a")
    good = pool.frame("a", 0)
    inlet.channel.put(Frame(good.info, PixelFormat.GRAY8, good.planes, good.release))
    inlet.channel.put(pool.frame("a", 1))
    inlet.channel.close()
    stats = PipelineStats(("a",))
    assert _drain(
        Batcher(Inlets([inlet]), BatchSettings(), lambda: MODEL, SystemClock(), stats)
    ) == [[("a", 1)]]
    assert stats.sources["a"].left_out == 1
    assert pool.open_frames == set()
    assert "source 'a': frame 0 of 8 x 6 (GRAY8) cannot be converted" in caplog.text


def test_stop_ends_it_with_frames_waiting() -> None:
    pool = FramePool()
    inlet = _inlet("a")
    batcher = _batcher([inlet], max_size=1)
    worker = Worker("prepare", batcher.run)
    worker.start()
    _fill(pool, inlet, 10)
    assert batcher.take(WAIT_S) is not None
    worker.request_stop()
    inlet.channel.discard()
    assert worker.join(WAIT_S)
    assert pool.open_frames == set()


def test_no_inlets_no_batches() -> None:
    assert _drain(_batcher([])) == []


def test_many_threads_feed_one_batcher() -> None:
    pool = FramePool()
    inlets = [_inlet(f"s{i}", capacity=2) for i in range(8)]

    def feed(inlet: Inlet) -> Worker:
        def run(_stop: threading.Event) -> None:
            for seq in range(50):
                assert inlet.channel.put(pool.frame(inlet.source_id, seq), timeout_s=WAIT_S)
            inlet.channel.close()

        return Worker(inlet.source_id, run)

    workers = [feed(inlet) for inlet in inlets]
    for worker in workers:
        worker.start()
    batches = _drain(_batcher(inlets, max_size=4, max_wait_ms=1))
    for worker in workers:
        assert worker.join(WAIT_S)
        assert worker.error is None
    for inlet in inlets:
        seqs = [seq for batch in batches for name, seq in batch if name == inlet.source_id]
        assert seqs == list(range(50))


@pytest.mark.parametrize("max_size", [1, 4])
def test_every_frame_of_busy_cameras_is_answered_once_or_counted(max_size: int) -> None:
    """Batches are offered, recalled, painted over and taken on threads that race each other."""
    pool, clock, count = FramePool(), SystemClock(), 400
    inlets = [_inlet(f"s{i}", is_lossless=False, capacity=2) for i in range(6)]
    stats = PipelineStats(tuple(inlet.source_id for inlet in inlets))
    batcher = Batcher(Inlets(inlets), BatchSettings(max_size=max_size), lambda: MODEL, clock, stats)

    def feed(inlet: Inlet) -> Worker:
        def run(stop: threading.Event) -> None:
            for seq in range(count):
                now_s = clock.monotonic()
                inlet.channel.put(pool.frame(inlet.source_id, seq, arrival_s=now_s))
                stop.wait(0.001)
            inlet.channel.close()

        return Worker(inlet.source_id, run)

    workers = [Worker("prepare", batcher.run), *map(feed, inlets)]
    for worker in workers:
        worker.start()
    answered: list[tuple[str, int]] = []
    while not batcher.is_drained:
        batch = batcher.take(WAIT_S)
        if batch is None:
            continue
        for item, picture in zip(batch.items, batch.pictures_nhwc, strict=True):
            assert picture[16, 16].tolist() == [item.frame.seq % 256] * 3
        time.sleep(0.003)
        answered += _names(batch)
        batcher.give_back(batch, 0.003 * len(batch.items))
    for worker in workers:
        assert worker.join(WAIT_S)
        assert worker.error is None
    assert pool.open_frames == set()
    for inlet in inlets:
        seqs = [seq for name, seq in answered if name == inlet.source_id]
        assert seqs == sorted(set(seqs))
        left_out = inlet.channel.dropped + stats.sources[inlet.source_id].left_out
        assert len(seqs) + left_out == count
