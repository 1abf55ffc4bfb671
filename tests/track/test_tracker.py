"""One object keeps one id, no id is two objects, and an end has its reason."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedet.analytics import EndReason
from edgedet.track.tracker import Step, Tracker
from tests.track.scenes import Box, found_at, walker

FRAME_WH = (2.0, 1.0)
SPAN_S = 0.1


def _tracker(lost_s: float = 2.0) -> Tracker:
    numbers = itertools.count(1)
    return Tracker(lost_s, lambda: f"t{next(numbers)}")


def _ids(step: Step) -> list[str | None]:
    return [None if track is None else track.id for track in step.tracks]


def _run(
    tracker: Tracker,
    frames: Sequence[Sequence[Box]],
    scores: float = 0.9,
    span_s: float = SPAN_S,
) -> list[Step]:
    return [
        tracker.update(span_s, found_at(boxes, [scores] * len(boxes)), FRAME_WH) for boxes in frames
    ]


def _path(x: float, count: int, speed: float = 0.02, y: float = 0.8) -> list[list[Box]]:
    return [[walker((x + speed * step, y))] for step in range(count)]


def test_an_object_keeps_its_id_while_it_walks() -> None:
    steps = _run(_tracker(), _path(0.2, 50))

    assert _ids(steps[0]) == [None]  # one sight is no object yet
    assert {str(i) for step in steps[1:] for i in _ids(step)} == {"t1"}


def test_an_object_holds_no_more_of_a_frame_than_its_own_rows() -> None:
    """A row that is a view keeps the whole table alive, for as long as the object lives."""
    tracker = _tracker()
    for score in (0.9, 0.9, 0.9, 0.3):
        found = found_at([walker((0.2, 0.8)), walker((0.6, 0.8))], [score, 0.3])
        tracker.update(SPAN_S, replace(found, looks=np.ones((2, 4)) / 2), FRAME_WH)

    assert tracker.confirmed
    for track in tracker.confirmed:
        assert track.look is not None
        assert track.look.base is None
        assert track.box_xyxy.base is None


def test_a_weak_object_is_believed_later() -> None:
    steps = _run(_tracker(), _path(0.2, 8), scores=0.3)

    assert [_ids(step)[0] for step in steps] == [None] * 4 + ["t1"] * 4
    assert {_ids(step)[0] for step in _run(_tracker(), _path(0.2, 8), scores=0.2)} == {None}


def test_a_single_false_alarm_never_gets_an_id() -> None:
    tracker = _tracker()
    steps = _run(tracker, [[walker((0.5, 0.8))], [], [walker((0.9, 0.8))], []])

    assert {i for step in steps for i in _ids(step)} == {None}
    assert tracker.confirmed == []


def test_two_who_pass_each_other_keep_their_ids() -> None:
    there, back = _path(0.2, 60), _path(1.4, 60, speed=-0.02, y=0.83)
    steps = _run(_tracker(), [[*one, *other] for one, other in zip(there, back, strict=True)])

    assert {tuple(_ids(step)) for step in steps[1:]} == {("t1", "t2")}


@pytest.mark.parametrize("hidden_s", [0.5, 1.5])
def test_an_object_that_was_hidden_has_its_id_again(hidden_s: float) -> None:
    tracker = _tracker()
    gap = round(hidden_s / SPAN_S)
    frames = _path(0.4, 60, speed=0.004)
    frames[20 : 20 + gap] = [[]] * gap
    steps = _run(tracker, frames)

    assert {i for step in steps[1:] for i in _ids(step)} == {"t1"}
    assert [end for step in steps for end in step.ended] == []


def test_seconds_count_and_not_frames() -> None:
    for span_s in (0.04, 0.1, 0.5):
        tracker = _tracker(lost_s=2.0)
        here = [[walker((0.9, 0.8))]]
        _run(tracker, here * 5, span_s=span_s)
        hidden = 1
        while not _run(tracker, [[]], span_s=span_s)[0].ended:
            hidden += 1
        assert hidden * span_s == pytest.approx(2.0, abs=span_s + 1e-9)


@pytest.mark.parametrize(
    ("x", "speed", "reason"),
    [
        (0.9, 0.0, EndReason.LOST),  # vanished in the middle of the picture
        (1.86, 0.02, EndReason.LEFT),  # walked out at the right
        (0.04, 0.0, EndReason.LEFT),  # was last seen at the edge
    ],
)
def test_an_end_says_whether_it_was_seen_to_leave(
    x: float, speed: float, reason: EndReason
) -> None:
    tracker = _tracker()
    _run(tracker, _path(x, 6, speed=speed))
    steps = _run(tracker, [[]] * 30)

    ended = [(track.id, why) for step in steps for track, why in step.ended]

    assert ended == [("t1", reason)]
    assert tracker.confirmed == []


def test_who_left_by_the_edge_makes_room_at_once() -> None:
    tracker = _tracker(lost_s=5.0)
    _run(tracker, _path(1.8, 8, speed=0.025))
    steps = _run(tracker, [[]] * 10)

    assert [number for number, step in enumerate(steps) if step.ended] != []


def test_a_part_of_an_object_is_no_second_one() -> None:
    whole = walker((0.5, 0.8))
    upper = (whole[0], whole[1], whole[2], (whole[1] + whole[3]) / 2)
    steps = _run(_tracker(), [[whole, upper], [whole]] * 10)

    assert {tuple(_ids(step)[1:]) for step in steps} == {(None,), ()}


def test_who_stays_close_beside_another_is_believed_later() -> None:
    steps = _run(_tracker(), [[walker((0.5, 0.8)), walker((0.53, 0.82))]] * 12)

    assert [_ids(step)[1] for step in steps] == [None] * 8 + ["t2"] * 4


def test_all_ends_when_there_are_no_pictures() -> None:
    tracker = _tracker()
    _run(tracker, [[walker((0.3, 0.8)), walker((0.9, 0.8))]] * 3)

    ended = tracker.end_all(EndReason.SOURCE_LOST)

    assert {(track.id, reason) for track, reason in ended} == {
        ("t1", EndReason.SOURCE_LOST),
        ("t2", EndReason.SOURCE_LOST),
    }
    assert _ids(_run(tracker, [[walker((0.3, 0.8))]] * 2)[-1]) == ["t3"]


PARTS = st.integers(4, 36).map(lambda n: n / 20)
CROWD = st.lists(
    st.lists(
        st.tuples(st.tuples(PARTS, PARTS.map(lambda y: y / 2)), st.floats(0.12, 0.99)),
        max_size=5,
        unique_by=lambda each: each[0],
    ),
    min_size=2,
    max_size=12,
)
Frames = list[list[tuple[tuple[float, float], float]]]


def _by_place(
    frames: Frames, order: Sequence[int], shift: tuple[float, float] = (0.0, 0.0)
) -> list[dict[tuple[float, float], str | None]]:
    """The ids by the place of their boxes, whatever the order of the detections."""
    tracker = _tracker()
    told = []
    for frame in frames:
        turned = [frame[number] for number in sorted(range(len(frame)), key=lambda n: order[n])]
        boxes = [walker((x + 8 + shift[0], y + 8 + shift[1])) for (x, y), _ in turned]
        wide = (FRAME_WH[0] + 16, FRAME_WH[1] + 16)  # far from the edges, which do not move
        step = tracker.update(SPAN_S, found_at(boxes, [score for _, score in turned]), wide)
        places = [place for place, _ in turned]
        told.append(dict(zip(places, _ids(step), strict=True)))
    return told


@settings(deadline=None, max_examples=30)
@given(CROWD)
def test_no_two_objects_have_one_id(frames: Frames) -> None:
    for ids in _by_place(frames, range(5)):
        named = [each for each in ids.values() if each]
        assert len(named) == len(set(named))


@settings(deadline=None, max_examples=30)
@given(CROWD, st.permutations(range(5)))
def test_the_order_of_detections_does_not_matter(frames: Frames, order: list[int]) -> None:
    distinct = _distinct_scores(frames)

    assert _grouped(_by_place(distinct, range(5))) == _grouped(_by_place(distinct, order))


@settings(deadline=None, max_examples=30)
@given(CROWD, st.tuples(st.integers(0, 8), st.integers(0, 8)))
def test_the_place_in_the_picture_does_not_matter(frames: Frames, eighths: tuple[int, int]) -> None:
    distinct = _distinct_scores(frames)
    shift = (eighths[0] / 8, eighths[1] / 8)

    assert _grouped(_by_place(distinct, range(5))) == _grouped(_by_place(distinct, range(5), shift))


def _distinct_scores(frames: Frames) -> Frames:
    """Equal scores are a tie that anything may break."""
    return [
        [(place, score - 0.001 * number) for number, (place, score) in enumerate(frame)]
        for frame in frames
    ]


def _grouped(told: list[dict[tuple[float, float], str | None]]) -> set[frozenset[object]]:
    """The sights that have one id, without its name."""
    groups: dict[str, set[object]] = {}
    for number, ids in enumerate(told):
        for place, name in ids.items():
            if name:
                groups.setdefault(name, set()).add((number, place))
    return {frozenset(group) for group in groups.values()}


def test_boxes_are_smoothed_and_stay_near() -> None:
    tracker = _tracker()
    random = np.random.default_rng(3)
    last: Step | None = None
    for step in range(60):
        x1, y1, x2, y2 = walker((0.3 + 0.01 * step, 0.8))
        noise = random.normal(0, 0.01, 4)
        box = (x1 + noise[0], y1 + noise[1], x2 + noise[2], y2 + noise[3])
        last = _run(tracker, [[box]])[0]
    assert last is not None
    track = last.tracks[0]
    assert track is not None

    assert tracker.boxes_of([track])[0] == pytest.approx(walker((0.89, 0.8)), abs=0.02)
