"""Two batches go round: begun, offered, perhaps recalled, taken, given back."""

from edgedet.stream.backend import BackendWatch
from edgedet.stream.batch import Batch
from edgedet.stream.buffers import Buffers
from edgedet.stream.cost import BatchCost
from tests.stream.fakes import FakeClock, fake_model


class Bench:
    """Buffers with the watch they keep, and how often they woke whoever fills them."""

    def __init__(self) -> None:
        self.woken = 0
        self.backend = BackendWatch(BatchCost(), FakeClock())
        self.buffers = Buffers(2, fake_model(), self.backend, self._wake)

    def begin(self) -> Batch:
        batch = self.buffers.begin()
        assert batch is not None
        return batch

    def _wake(self) -> None:
        self.woken += 1


def test_there_are_two() -> None:
    bench = Bench()
    first, second = bench.begin(), bench.begin()
    assert first is not second
    assert bench.buffers.begin() is None
    bench.buffers.leave(first)
    assert bench.buffers.begin() is first


def test_batches_are_taken_in_the_order_in_which_they_were_offered() -> None:
    bench = Bench()
    batches = [bench.begin(), bench.begin()]
    for batch in batches:
        bench.buffers.offer(batch)
    assert bench.buffers.recall() is None  # it would come back behind the other one
    assert [bench.buffers.take(0), bench.buffers.take(0)] == batches


def test_what_was_offered_can_be_recalled_until_it_is_taken() -> None:
    bench = Bench()
    batch = bench.begin()
    bench.buffers.offer(batch)
    assert bench.buffers.has_offer
    assert bench.buffers.recall() is batch
    assert bench.buffers.take(0) is None
    bench.buffers.offer(batch)
    assert bench.buffers.take(0) is batch
    assert bench.buffers.recall() is None


def test_who_fills_learns_that_the_backend_waits_and_that_a_batch_is_back() -> None:
    bench = Bench()
    assert bench.buffers.take(0) is None
    assert (bench.woken, bench.backend.is_waiting) == (1, True)
    batch = bench.begin()
    bench.buffers.offer(batch)
    assert not bench.backend.is_waiting
    batch.members[0] = 1
    assert bench.buffers.take(0) is batch
    bench.buffers.give_back(batch)
    assert (bench.woken, batch.members) == (2, {})


def test_after_the_end_what_is_on_offer_can_still_be_taken() -> None:
    bench = Bench()
    batch = bench.begin()
    bench.buffers.offer(batch)
    bench.buffers.close()
    assert not bench.buffers.is_drained
    assert bench.buffers.take(0) is batch
    assert bench.buffers.is_drained
