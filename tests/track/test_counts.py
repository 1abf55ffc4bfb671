"""Counts are told when they change, not at every frame, and again before they expire."""

from edgedet.analytics import EventType, ObjectEvent
from edgedet.track.counts import Counts
from tests.track.scenes import START, frame_at, sight, source

SOURCE = source(
    zones=[{"name": "dock", "points": [[0, 0], [0.5, 0], [0.5, 1]]}],
    lines=[{"name": "door", "points": [[0.5, 1], [0.5, 0]], "directions": ["in", "out"]}],
)


def _counts() -> Counts:
    return Counts("gate", SOURCE.zones, SOURCE.lines)


def _crossing() -> ObjectEvent:
    return ObjectEvent(
        "gate", "6f1c-1/door/1", EventType.CROSS, 1, START, START, 0.0, sight(0).seen, "door", "in"
    )


def test_the_first_frame_is_told_with_every_zone_and_line() -> None:
    told = _counts().see(frame_at(0), 0.0, [])

    assert told is not None
    assert (told.classes, told.zones) == ({}, {"dock": {}})
    assert told.crossings == {"door": {"in": 0, "out": 0}}


def test_objects_are_counted_by_class_and_zone() -> None:
    told = _counts().see(frame_at(0), 0.0, [(0, ["dock"]), (0, []), (1, [])])

    assert told is not None
    assert (told.classes, told.zones) == ({0: 2, 1: 1}, {"dock": {0: 1}})


def test_changes_are_told_once_a_second() -> None:
    counts = _counts()
    told = [
        counts.see(frame_at(step / 10), step / 10, [(0, [])] * (step % 2)) for step in range(31)
    ]

    assert [step for step, each in enumerate(told) if each is not None] == [0, 11, 22]


def test_a_change_that_came_too_soon_is_told_later() -> None:
    counts = _counts()
    counts.see(frame_at(0), 0.0, [])

    assert counts.see(frame_at(0.5), 0.5, [(0, [])]) is None
    assert counts.see(frame_at(1.0), 1.0, [(0, [])]) is not None
    assert counts.see(frame_at(2.5), 2.5, [(0, [])]) is None


def test_what_does_not_change_is_told_again_before_it_expires() -> None:
    counts = _counts()
    told = [step for step in range(60) if counts.see(frame_at(step), float(step), [])]

    assert told == [0, 20, 40]


def test_the_rest_is_told_at_the_end() -> None:
    counts = _counts()
    assert counts.rest() is None
    counts.see(frame_at(0), 0.0, [])
    assert counts.rest() is None
    counts.add([_crossing()])

    rest = counts.rest()

    assert rest is not None
    assert rest.crossings == {"door": {"in": 1, "out": 0}}
    assert counts.rest() is None
