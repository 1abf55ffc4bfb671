"""Zones and lines: what trembles does not count, and what counts alternates."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.track.places import Change, Crossing, Stay
from edgedet.vision.polygons import Point
from tests.track.scenes import sight

SETTLE_S = 0.3
DOOR = ((0.5, 0.9), (0.5, 0.1))  # upward: to_right is to larger x
SIDES = st.lists(st.booleans(), max_size=60)


def _changes(sides: list[bool], stay: Stay, step_s: float = 0.1) -> list[tuple[Change, float]]:
    return [
        (change, at.s)
        for number, is_inside in enumerate(sides)
        for change, at in stay.see(sight(number * step_s), is_inside=is_inside)
    ]


@given(SIDES, st.sampled_from([0.0, 0.1, 0.3, 1.0]))
def test_entering_and_leaving_alternate(sides: list[bool], settle_s: float) -> None:
    changes = _changes(sides, Stay(settle_s, None))

    assert [change for change, _ in changes] == [
        Change.LEFT if number % 2 else Change.ENTERED for number in range(len(changes))
    ]
    times = [at_s for _, at_s in changes]
    assert times == sorted(set(times))


@given(SIDES)
def test_without_settling_every_change_counts(sides: list[bool]) -> None:
    turns = [number for number, side in enumerate(sides) if side != (number and sides[number - 1])]

    changes = _changes(sides, Stay(0.0, None))

    assert [round(at_s * 10) for _, at_s in changes] == turns


def test_a_stay_counts_from_its_first_sight() -> None:
    stay = Stay(SETTLE_S, None)
    changes = _changes([False, True, True, True, True], stay)

    assert [change for change, _ in changes] == [Change.ENTERED]
    assert changes[0][1] == pytest.approx(0.1)
    assert stay.since is not None


def test_a_tremble_at_the_border_is_no_visit_and_no_leave() -> None:
    trembling = [False, True, False, True, True, False, False, True]
    assert _changes(trembling, Stay(SETTLE_S, None)) == []

    inside = [True] * 5 + [False, True, False, False, True, True]
    assert [change for change, _ in _changes(inside, Stay(SETTLE_S, None))] == [Change.ENTERED]


def test_dwelling_is_told_once_a_stay() -> None:
    sides = [True] * 12 + [False] * 5 + [True] * 12

    changes = [change for change, _ in _changes(sides, Stay(SETTLE_S, dwell_s=0.8))]

    assert changes == [Change.ENTERED, Change.DWELT, Change.LEFT, Change.ENTERED, Change.DWELT]


def test_dwelling_is_told_when_it_is_seen_again() -> None:
    stay = Stay(SETTLE_S, dwell_s=2.0)
    stay.see(sight(0.0), is_inside=True)
    stay.see(sight(0.5), is_inside=True)

    assert [change for change, _ in stay.see(sight(4.0), is_inside=True)] == [Change.DWELT]


def _crossed(path: list[Point], settle_s: float = 0.0) -> list[bool]:
    crossing = Crossing(DOOR, settle_s)
    seen = [crossing.see(sight(number * 0.1, point)) for number, point in enumerate(path)]
    return [found[0] for found in seen if found is not None]


def test_crossing_has_a_direction() -> None:
    assert _crossed([(0.4, 0.5), (0.6, 0.5)]) == [True]
    assert _crossed([(0.6, 0.5), (0.4, 0.5)]) == [False]


def test_passing_by_its_end_is_no_crossing() -> None:
    assert _crossed([(0.4, 0.95), (0.6, 0.95)]) == []
    assert _crossed([(0.4, 0.5), (0.4, 0.95), (0.6, 0.95), (0.6, 0.5)]) == []


def test_a_stop_on_the_line_is_one_crossing() -> None:
    assert _crossed([(0.4, 0.5), (0.5, 0.5), (0.5, 0.6), (0.6, 0.5)]) == [True]
    assert _crossed([(0.4, 0.5), (0.5, 0.5), (0.4, 0.5)]) == []


def test_trembling_on_the_line_is_no_crossing() -> None:
    path = [(0.5 + 0.01 * (-1) ** number, 0.5) for number in range(40)]

    assert _crossed(path, SETTLE_S) == []


def test_what_had_not_settled_is_there_at_the_end() -> None:
    crossing = Crossing(DOOR, SETTLE_S)
    crossing.see(sight(0.0, (0.4, 0.5)))
    crossing.see(sight(0.1, (0.6, 0.5)))

    end = crossing.end()

    assert end is not None
    assert end[0]
    assert end[1].s == pytest.approx(0.1)
    assert crossing.end() is None


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50), st.sampled_from([0.0, 0.1, 0.3]))
def test_crossings_alternate_on_a_line_from_edge_to_edge(xs: list[float], settle_s: float) -> None:
    crossed = _crossed([(x, 0.5) for x in xs], settle_s)

    assert all(first != second for first, second in itertools.pairwise(crossed))
