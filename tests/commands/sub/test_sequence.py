"""Numbers tell what is missing, what came twice, and what came late."""

from hypothesis import given
from hypothesis import strategies as st

from edgedet.commands.sub.sequence import Arrival, Sequences


def test_first_message_sets_the_beginning() -> None:
    sequences = Sequences()

    assert sequences.arrive("a", 500) == Arrival()
    assert sequences.arrive("a", 501) == Arrival()
    assert sequences.missing == 0


def test_gap_is_counted_and_filled_from_the_backlog() -> None:
    sequences = Sequences()
    sequences.arrive("a", 1)
    assert sequences.arrive("a", 5) == Arrival(missing=3)
    assert sequences.missing == 3

    assert sequences.arrive("a", 3).is_late_comer
    assert sequences.missing == 2


def test_what_the_device_gave_up_is_not_missing() -> None:
    sequences = Sequences()
    sequences.arrive("a", 1)

    assert sequences.arrive("a", 7, lost_before=3) == Arrival(missing=5, discarded=3)

    assert (sequences.missing, sequences.discarded) == (2, 3)
    assert sequences.arrive("a", 2).is_late_comer
    assert sequences.arrive("a", 5).is_repeated  # the device said that it is gone


def test_repeated_and_older_messages_are_told_apart() -> None:
    sequences = Sequences()
    sequences.arrive("a", 10)

    assert sequences.arrive("a", 10).is_repeated
    assert not sequences.arrive("a", 3).is_repeated
    assert sequences.repeated == 1


def test_topics_and_runs_are_counted_apart() -> None:
    sequences = Sequences()
    for key in ("a", "b"):
        sequences.arrive(key, 0)
    sequences.arrive("a", 2)
    sequences.arrive("b", 1)

    assert sequences.missing == 1


def test_enormous_gap_takes_no_memory() -> None:
    sequences = Sequences()
    sequences.arrive("a", 0)
    sequences.arrive("a", 10**300)

    assert sequences.missing == 10**300 - 1


@given(st.permutations(range(30)), st.sets(st.integers(1, 28)))
def test_in_any_order_what_never_came_is_missing(order: list[int], lost: set[int]) -> None:
    sequences = Sequences()
    sequences.arrive("a", -1)
    for seq in order:
        if seq not in lost:
            sequences.arrive("a", seq)

    highest = max(seq for seq in order if seq not in lost)
    assert sequences.missing == len({seq for seq in lost if seq < highest})
    assert sequences.repeated == 0
