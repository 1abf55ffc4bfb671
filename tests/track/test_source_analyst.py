"""One source from detections to events: what is seen is told, what is not seen is not invented."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedet.analytics import EndReason, EventType, ObjectEvent
from edgedet.config.source import SourceSettings
from edgedet.detections import FrameDetections
from edgedet.track.base import Picture
from edgedet.track.source_analyst import SourceAnalyst
from edgedet.vision.letterbox import Letterbox
from tests.track.scenes import (
    CLASSES,
    FPS,
    HEIGHT,
    WIDTH,
    Box,
    frame_at,
    only,
    result_at,
    source,
    walker,
    words,
)

SCORE = 0.25
PLACES = {
    "zones": [
        {"name": "dock", "points": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], "dwell_s": 2},
        {"name": "road", "points": [[0, 0], [1, 0], [1, 1], [0, 1]], "classes": ["car"]},
    ],
    "lines": [{"name": "door", "points": [[0.5, 1], [0.5, 0]], "directions": ["in", "out"]}],
    "track": {"lost_s": 1.5},
}


class Scene:
    """An analyst, what it was shown and what it told."""

    def __init__(self, settings: SourceSettings | None = None) -> None:
        numbers = itertools.count(1)
        self.analyst = SourceAnalyst(
            settings or source(**PLACES), CLASSES, lambda: f"6f1c-{next(numbers)}"
        )
        self.events: list[ObjectEvent] = []
        self.counts: list[dict[str, object]] = []
        self.results: list[FrameDetections] = []
        self.now_s = 0.0

    def show(self, *frames: list[Box], step_s: float = 1 / FPS, score: float = 0.9) -> None:
        for boxes in frames:
            result, report = self.analyst.observe(
                result_at(self.now_s, boxes, [score] * len(boxes)), None, SCORE
            )
            self.results.append(result)
            self.events += report.events
            self.counts += [
                {"classes": c.classes, "zones": c.zones, "crossings": c.crossings}
                for c in report.counts
            ]
            self.now_s += step_s


def _walk(start: float, end: float, count: int) -> list[list[Box]]:
    return [[walker((x, 0.8))] for x in np.linspace(start, end, count).tolist()]


def test_a_walk_through_zone_and_line() -> None:
    scene = Scene()
    scene.show(*_walk(0.2, 0.8, 61), *[[]] * 20)

    assert words(scene.events) == [
        "start",
        "enter dock",
        "dwell dock",
        "leave dock left",
        "cross door in",
        "end lost",
    ]
    assert {event.event_id.split("/")[0] for event in scene.events} == {"6f1c-1"}
    crossing = only(scene.events, EventType.CROSS)[0]
    assert crossing.frame_seq == pytest.approx(30, abs=2)
    assert scene.counts[0] == {
        "classes": {},
        "zones": {"dock": {}, "road": {}},
        "crossings": {"door": {"in": 0, "out": 0}},
    }
    assert scene.counts[-1]["crossings"] == {"door": {"in": 1, "out": 0}}
    assert scene.counts[-1]["classes"] == {}


def test_results_carry_the_ids_and_zones_of_their_objects() -> None:
    scene = Scene()
    scene.show(*_walk(0.2, 0.25, 5))

    assert scene.results[0].tracks == (None,)
    assert [result.tracks for result in scene.results[1:]] == [("6f1c-1",)] * 4
    assert {result.zones for result in scene.results} == {(("dock",),)}


def test_weak_detections_are_not_published_but_keep_an_object() -> None:
    scene = Scene()
    scene.show(*_walk(0.3, 0.35, 5))
    scene.show(*_walk(0.36, 0.4, 40), score=0.15)
    scene.show(*_walk(0.4, 0.41, 2))

    assert [len(result.detections) for result in scene.results[5:45]] == [0] * 40
    assert scene.results[-1].tracks == ("6f1c-1",)
    assert words(only(scene.events, EventType.START, EventType.END)) == ["start"]


def test_a_camera_that_dies_is_no_object_that_left() -> None:
    scene = Scene()
    scene.show(*_walk(0.3, 0.32, 10))
    last_s = frame_at(scene.now_s - 1 / FPS).arrival_s

    assert scene.analyst.idle(last_s + 1.0, has_ended=False).events == ()
    report = scene.analyst.idle(last_s + 10.0, has_ended=False)

    assert words(report.events) == ["leave dock source_lost", "end source_lost"]
    assert report.counts == ()  # nobody knows how many there are
    assert report.events[-1].at == scene.results[-1].frame.capture.utc
    assert scene.analyst.idle(last_s + 20.0, has_ended=False).events == ()


def test_a_picture_that_comes_back_shows_new_objects() -> None:
    scene = Scene()
    scene.show(*_walk(0.3, 0.32, 10))
    scene.now_s += 60.0
    scene.show(*_walk(0.3, 0.32, 5))

    assert words(scene.events)[2:] == [
        "leave dock source_lost",
        "end source_lost",
        "start",
        "enter dock",
    ]
    assert scene.results[-1].tracks == ("6f1c-2",)


def test_a_slow_source_is_no_dead_one() -> None:
    scene = Scene()
    scene.show(*[[walker((0.3, 0.8))]] * 12, step_s=3.0)
    arrival_s = scene.results[-1].frame.arrival_s

    assert EventType.END not in {event.type for event in scene.events}
    assert scene.analyst.idle(arrival_s + 6.0, has_ended=False).events == ()


def test_frames_that_were_skipped_make_no_events() -> None:
    every, some = Scene(), Scene()
    frames = _walk(0.2, 0.8, 61)
    every.show(*frames)
    some.show(*frames[::4], step_s=0.4)

    assert words(some.events) == words(every.events)
    apart = [abs(a.frame_seq - b.frame_seq) for a, b in zip(some.events, every.events, strict=True)]
    assert max(apart) <= 5


def test_a_file_may_pause_and_ends_by_itself() -> None:
    lossless = source(uri="file:///clip.avi", realtime=False, **PLACES)
    scene = Scene(lossless)
    scene.show(*_walk(0.3, 0.32, 10))

    assert scene.analyst.idle(1e6, has_ended=False).events == ()
    report = scene.analyst.idle(1e6, has_ended=True)
    assert words(report.events) == ["leave dock source_ended", "end source_ended"]


def test_a_stop_ends_everything_and_tells_the_last_counts() -> None:
    scene = Scene()
    scene.show(*_walk(0.44, 0.56, 8))

    report = scene.analyst.finish(EndReason.STOPPED)

    assert words(report.events)[-1] == "end stopped"
    crossed = words(scene.events + list(report.events)).count("cross door in")
    assert crossed == 1
    assert [c.crossings for c in report.counts] == [{"door": {"in": 1, "out": 0}}]
    assert scene.analyst.finish(EndReason.STOPPED).events == ()


def test_without_tracking_only_the_selection_is_left() -> None:
    plain = source(track={"enabled": False}, objects={"classes": ["person"]})
    scene = Scene(plain)
    scene.show(*_walk(0.2, 0.3, 5), score=0.3)
    scene.show(*_walk(0.2, 0.3, 5), score=0.2)

    assert [len(result.detections) for result in scene.results] == [1] * 5 + [0] * 5
    assert scene.results[0].tracks == ()
    assert (scene.events, scene.counts) == ([], [])
    assert scene.analyst.needs(SCORE).score_threshold == SCORE
    assert not scene.analyst.needs(SCORE).picture


def test_pictures_are_wanted_for_their_colours_only() -> None:
    assert Scene().analyst.needs(SCORE).picture
    grey = source(track={"uses_colours": False})
    assert not Scene(grey).analyst.needs(SCORE).picture


def test_colours_tell_two_apart_who_meet_and_turn_back() -> None:
    """They swap sides behind each other: by motion alone, who is who cannot be known."""
    found = {}
    for sees_colours in (True, False):
        scene = Scene()
        box = Letterbox.fit((HEIGHT, WIDTH), (HEIGHT, WIDTH))
        xs = [*np.linspace(0.3, 0.46, 20), *[None] * 6, *np.linspace(0.46, 0.3, 20)]
        for x in xs:
            boxes = [] if x is None else [walker((x, 0.8)), walker((0.96 - x, 0.8))]
            picture = np.full((HEIGHT, WIDTH, 3), 114, np.uint8)
            for (x1, y1, x2, y2), colour in zip(
                boxes, [(200, 30, 30), (20, 40, 190)], strict=False
            ):
                rows = slice(round(y1 * HEIGHT), round(y2 * HEIGHT))
                picture[rows, round(x1 * WIDTH) : round(x2 * WIDTH)] = colour
            shown = Picture(picture, box) if sees_colours else None
            result, _ = scene.analyst.observe(result_at(scene.now_s, boxes), shown, SCORE)
            scene.results.append(result)
            scene.now_s += 1 / FPS
        found[sees_colours] = scene.results[-1].tracks

    assert found[True] == ("6f1c-1", "6f1c-2")


STEPS = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.floats(0.02, 0.98), st.floats(0.4, 1.0), st.floats(0.1, 0.95)),
            max_size=4,
        ),
        st.sampled_from([0.03, 0.1, 0.5, 2.5]),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=40)
@given(STEPS)
def test_whatever_is_detected_the_events_make_sense(
    steps: list[tuple[list[tuple[float, float, float]], float]],
) -> None:
    scene = Scene(source(**{**PLACES, "track": {"lost_s": 1.5, "settle_s": 0.0}}))
    for boxes, span_s in steps:
        result, report = scene.analyst.observe(
            result_at(scene.now_s, [walker((x, y)) for x, y, _ in boxes], [s for *_, s in boxes]),
            None,
            SCORE,
        )
        named = [track for track in result.tracks if track]
        assert len(named) == len(set(named))
        scene.events += report.events
        scene.now_s += span_s
    scene.events += scene.analyst.finish(EndReason.STOPPED).events

    by_track: dict[str, list[EventType]] = {}
    by_visit: dict[str, list[EventType]] = {}
    for event in scene.events:
        by_track.setdefault(event.seen.track_id, []).append(event.type)
        if event.type in (EventType.ENTER, EventType.LEAVE):
            by_visit.setdefault(event.event_id, []).append(event.type)
    assert all(told[0] is EventType.START for told in by_track.values())
    assert all(told[-1] is EventType.END for told in by_track.values())
    assert all(told.count(EventType.END) == 1 for told in by_track.values())
    assert all(told == [EventType.ENTER, EventType.LEAVE] for told in by_visit.values())
