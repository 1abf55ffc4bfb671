"""Turns give each its share by weight, and nobody saves up what it did not want."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from edgedet.stream.turns import Turns

WEIGHTS = st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0]), min_size=1, max_size=6)


def _serve(turns: Turns, wanting: set[int]) -> int:
    """Serve whose turn it is among those who want something."""
    number = next(each for each in turns.order() if each in wanting)
    turns.served(number)
    return number


@given(weights=WEIGHTS, rounds=st.integers(1, 100))
def test_those_who_always_want_are_served_by_weight(weights: list[float], rounds: int) -> None:
    turns = Turns(weights)
    everybody = set(range(len(weights)))
    served = Counter(_serve(turns, everybody) for _ in range(rounds))
    done = [served[number] / weight for number, weight in enumerate(weights)]
    slack = 1.0 / min(weights)
    assert max(done) - min(done) <= slack + 1e-9


@given(count=st.integers(2, 6), idle_rounds=st.integers(1, 50))
def test_who_comes_back_gets_no_more_than_its_turn(count: int, idle_rounds: int) -> None:
    turns = Turns([1.0] * count)
    others = set(range(1, count))
    for _ in range(idle_rounds):
        _serve(turns, others)
    served = Counter(_serve(turns, others | {0}) for _ in range(4 * count))
    assert served[0] <= 5
    assert min(served[other] for other in others) >= 3


def test_equals_take_turns_from_the_first_on() -> None:
    turns = Turns([1.0, 1.0, 1.0])
    assert [_serve(turns, {0, 1, 2}) for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]


def test_who_joins_is_served_its_share_and_no_more() -> None:
    turns = Turns([1.0, 1.0])
    for _ in range(20):
        _serve(turns, {0, 1})
    turns.join(2, 2.0)
    served = Counter(_serve(turns, {0, 1, 2}) for _ in range(40))
    assert served[2] == 20
    turns.join(0, 2.0)
    served = Counter(_serve(turns, {0, 1}) for _ in range(30))
    assert 20 <= served[0] <= 21
