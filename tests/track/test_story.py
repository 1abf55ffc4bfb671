"""The events of one object, in order, and none of them invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.analytics import EndReason, EventType, ObjectEvent
from edgedet.track.places import Sight
from edgedet.track.story import Story
from tests.track.scenes import only, sight, source, words

SOURCE = source(
    track={"settle_s": 0.2, "update_s": 5},
    zones=[{"name": "dock", "points": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], "dwell_s": 1.0}],
    lines=[{"name": "door", "points": [[0.5, 1], [0.5, 0]], "directions": ["in", "out"]}],
)


def _story() -> Story:
    return Story("gate", SOURCE.track, SOURCE.zones, SOURCE.lines)


def _told(story: Story, sights: list[Sight]) -> list[ObjectEvent]:
    return [event for each in sights for event in story.see(each)]


def _walk(*xs: float, step_s: float = 0.1, start_s: float = 0.0) -> list[Sight]:
    return [
        sight(start_s + number * step_s, (x, 0.5), *(["dock"] if x < 0.5 else []))
        for number, x in enumerate(xs)
    ]


def test_a_visit_from_its_start_to_its_end() -> None:
    story = _story()
    sights = _walk(*[0.8] * 3, *[0.3] * 15, *[0.8] * 5)

    events = _told(story, sights) + story.end(EndReason.LEFT)

    assert words(events) == [
        "start",
        "enter dock",
        "cross door out",
        "dwell dock",
        "leave dock left",
        "cross door in",
        "end left",
    ]
    stay = only(events, EventType.ENTER, EventType.DWELL, EventType.LEAVE)
    assert {event.event_id for event in stay} == {"6f1c-1/dock/1"}
    assert [event.duration_s for event in stay] == pytest.approx([0.0, 1.0, 1.5])
    assert [event.frame_seq for event in stay] == [3, 13, 18]
    assert len({event.start for event in stay}) == 1


def test_a_second_visit_is_another_event() -> None:
    story = _story()
    events = _told(story, _walk(*[0.3] * 4, *[0.8] * 4, *[0.3] * 4))

    assert [e.event_id for e in only(events, EventType.ENTER)] == [
        "6f1c-1/dock/1",
        "6f1c-1/dock/2",
    ]


def test_it_goes_on_being_told_about_but_not_while_hidden() -> None:
    story = _story()
    events = _told(story, [*_walk(*[0.8] * 121), *_walk(0.8, 0.8, start_s=30.0)])

    updates = only(events, EventType.UPDATE)

    assert [event.frame_seq for event in updates] == [50, 100, 300]
    assert updates[-1].duration_s == pytest.approx(30.0)


def test_no_updates_when_none_are_wanted() -> None:
    quiet = source(track={"update_s": 0})
    story = Story("gate", quiet.track, (), ())

    assert words(_told(story, _walk(*[0.8] * 200))) == ["start"]


def test_who_vanishes_inside_did_not_leave_the_zone() -> None:
    story = _story()
    _told(story, _walk(*[0.3] * 5))

    assert words(story.end(EndReason.SOURCE_LOST)) == [
        "leave dock source_lost",
        "end source_lost",
    ]


def test_who_was_seen_outside_has_left_the_zone() -> None:
    story = _story()
    _told(story, _walk(*[0.3] * 5, 0.8))

    events = story.end(EndReason.LOST)

    assert words(events) == ["cross door in", "leave dock left", "end lost"]
    assert only(events, EventType.LEAVE)[0].frame_seq == 5


def test_a_glimpse_inside_is_no_visit() -> None:
    story = _story()
    _told(story, _walk(0.8, 0.8, 0.3))

    assert words(story.end(EndReason.LOST)) == ["cross door out", "end lost"]
    assert words(Story("gate", SOURCE.track, SOURCE.zones, ()).end(EndReason.LOST)) == []


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 3)), min_size=1, max_size=40))
def test_whatever_it_does_its_events_make_sense(steps: list[tuple[float, float]]) -> None:
    story = _story()
    now_s, sights = 0.0, []
    for x, span_s in steps:
        now_s += span_s
        sights.append(sight(now_s, (x, 0.5), *(["dock"] if x < 0.5 else [])))
    events = _told(story, sights) + story.end(EndReason.STOPPED)

    assert [event.type for event in events].count(EventType.START) == 1
    assert events[-1].type is EventType.END
    visits = only(events, EventType.ENTER, EventType.LEAVE)
    assert [event.type for event in visits] == [
        EventType.LEAVE if number % 2 else EventType.ENTER for number in range(len(visits))
    ]
    assert len(visits) % 2 == 0
    assert all(event.duration_s >= 0 and event.at >= event.start for event in events)
