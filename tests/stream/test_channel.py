"""A channel never holds more than its capacity, keeps order, and loses nothing without counting."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.stream.channel import Channel, Policy
from edgedet.stream.worker import Worker

OPERATIONS = st.lists(st.sampled_from(["put", "get"]), max_size=60)


@given(capacity=st.integers(1, 5), operations=OPERATIONS)
def test_drop_oldest_keeps_the_newest_in_order(capacity: int, operations: list[str]) -> None:
    disposed: list[int] = []
    channel = Channel[int](capacity, Policy.DROP_OLDEST, dispose=disposed.append)
    model: list[int] = []
    taken: list[int] = []
    for number, operation in enumerate(operations):
        if operation == "put":
            assert channel.put(number)
            model = [*model, number][-capacity:]
        elif (item := channel.get_nowait()) is not None:
            taken.append(item)
            assert item == model.pop(0)
        assert len(channel) == len(model) <= capacity
    assert channel.dropped == len(disposed)
    assert channel.accepted == len(disposed) + len(taken) + len(channel)
    assert sorted(disposed + taken + model) == [
        number for number, operation in enumerate(operations) if operation == "put"
    ]


@given(capacity=st.integers(1, 5), operations=OPERATIONS)
def test_block_refuses_when_full_and_loses_nothing(capacity: int, operations: list[str]) -> None:
    channel = Channel[int](capacity, Policy.BLOCK)
    model: list[int] = []
    for number, operation in enumerate(operations):
        if operation == "put":
            was_taken = channel.put(number, timeout_s=0)
            assert was_taken == (len(model) < capacity)
            if was_taken:
                model.append(number)
        else:
            assert channel.get_nowait() == (model.pop(0) if model else None)
    assert channel.dropped == 0


@pytest.mark.parametrize("capacity", [1, 3])
def test_a_blocked_producer_loses_nothing_between_threads(capacity: int) -> None:
    channel = Channel[int](capacity, Policy.BLOCK)

    def produce(_stop: threading.Event) -> None:
        for number in range(2_000):
            assert channel.put(number, timeout_s=30)
        channel.close()

    worker = Worker("producer", produce)
    worker.start()
    taken = []
    while not channel.is_drained:
        item = channel.get(timeout_s=30)
        if item is not None:
            taken.append(item)
    assert worker.join(10)
    assert worker.error is None
    assert taken == list(range(2_000))


def test_close_lets_the_rest_be_taken_and_disposes_of_late_items() -> None:
    disposed: list[str] = []
    channel = Channel[str](2, dispose=disposed.append)
    channel.put("first")
    channel.close()
    channel.close()
    assert not channel.put("late")
    assert disposed == ["late"]
    assert channel.dropped == 1
    states = [channel.is_drained, channel.get(timeout_s=0), channel.is_drained]
    assert states == [False, "first", True]
    assert channel.get(timeout_s=30) is None


def test_close_wakes_a_blocked_producer() -> None:
    disposed: list[str] = []
    channel = Channel[str](1, dispose=disposed.append)
    channel.put("first")
    worker = Worker("producer", lambda _stop: (channel.put("second"), None)[1])
    worker.start()
    channel.close()
    assert worker.join(10)
    assert disposed == ["second"]


def test_discard_disposes_of_everything() -> None:
    disposed: list[int] = []
    channel = Channel[int](4, dispose=disposed.append)
    for number in range(3):
        channel.put(number)
    assert channel.discard() == 3
    assert disposed == [0, 1, 2]
    assert channel.is_drained
    assert channel.discard() == 0


def test_tells_of_every_change_without_holding_the_lock() -> None:
    lengths: list[int] = []
    channel = Channel[int](1, Policy.DROP_OLDEST)
    channel.watch(lambda: lengths.append(len(channel)))
    channel.put(1)
    channel.put(2)
    channel.close()
    assert lengths == [1, 1, 1]


def test_refuses_no_capacity() -> None:
    with pytest.raises(ValueError, match="got capacity 0"):
        Channel[int](0)


@pytest.mark.parametrize(("newest", "picked", "left"), [(False, 2, [3, 4, 5]), (True, 4, [])])
def test_picks_the_oldest_or_newest_that_will_do_and_counts_the_others(
    newest: bool,
    picked: int,
    left: list[int],
) -> None:
    disposed: list[int] = []
    channel = Channel[int](6, dispose=disposed.append)
    for number in range(6):
        channel.put(number)
    assert channel.pick(lambda number: number in {2, 3, 4}, newest=newest) == picked
    assert channel.dropped == len(disposed) == 5 - len(left)
    assert [channel.get_nowait() for _ in left] == left
    assert channel.pick(lambda _number: True, newest=newest) is None
