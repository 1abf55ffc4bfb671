"""All sources behind one: names are the device's, ends are each source's own."""

from dataclasses import replace

from edgedet.detections import FrameDetections
from edgedet.model_identity import ModelIdentity
from edgedet.track.analysts import Analysts, problems_of_classes
from tests.track.scenes import BOOT, CLASSES, result_at, source, walker, words


def _two() -> Analysts:
    return Analysts([source(id="gate"), source(id="dock")], CLASSES, BOOT)


def _show(analysts: Analysts, source_id: str, count: int = 3, start_s: float = 0.0) -> list[str]:
    """The ids that objects got."""
    found = []
    for number in range(count):
        result = result_at(start_s + number / 10, [walker((0.4, 0.8))], source_id=source_id)
        found += [track for track in analysts.observe(result, None, 0.25)[0].tracks if track]
    return found


def test_no_name_is_given_twice_on_a_device() -> None:
    analysts = _two()

    assert set(_show(analysts, "gate")) == {"6f1c-1"}
    assert set(_show(analysts, "dock")) == {"6f1c-2"}


def test_a_restart_shows_in_the_names() -> None:
    again = Analysts([source()], CLASSES, "0a0b0c0d")

    assert set(_show(again, "gate")) == {"0a0b-1"}


def test_one_silent_source_ends_alone() -> None:
    analysts = _two()
    _show(analysts, "gate")
    _show(analysts, "dock", start_s=30.0)

    report = analysts.idle(1030.5, ())

    assert [(event.source_id, event.reason) for event in report.events] == [("gate", "source_lost")]


def test_other_settings_end_what_is_followed_and_begin_anew() -> None:
    analysts = _two()
    _show(analysts, "gate")
    analysts.put(source(id="gate", track={"enabled": False}))
    result, report = analysts.observe(
        result_at(0.3, [walker((0.4, 0.8))], source_id="gate"), None, 0.25
    )

    assert words(report.events) == ["end stopped"]
    assert not any(result.tracks)
    assert analysts.needs("gate", 0.25).score_threshold == 0.25
    assert _show(analysts, "gate", start_s=1.0) == []


def test_a_source_comes_and_goes() -> None:
    analysts = _two()
    _show(analysts, "gate")
    analysts.put(source(id="yard", track={"enabled": False}))
    assert analysts.needs("yard", 0.25).score_threshold == 0.25
    assert _show(analysts, "yard") == []

    analysts.remove("gate")
    assert words(analysts.idle(0.4, ()).events) == ["end stopped"]
    assert analysts.idle(0.5, ()).events == ()
    assert analysts.needs("gate", 0.25).score_threshold == 0.25

    analysts.put(source(id="gate"))
    assert set(_show(analysts, "gate", start_s=1.0)) == {"6f1c-2"}


def test_who_is_back_before_its_end_was_told_is_told_to_have_ended() -> None:
    analysts = _two()
    _show(analysts, "gate")
    analysts.remove("gate")
    analysts.put(source(id="gate"))
    assert words(analysts.idle(0.4, ()).events) == []
    result = result_at(0.5, [walker((0.4, 0.8))], source_id="gate")
    assert words(analysts.observe(result, None, 0.25)[1].events) == ["end stopped"]


def _by(class_names: tuple[str, ...], number: int, class_id: int = 0) -> FrameDetections:
    """A frame of `gate` that a model with these classes answered."""
    result = result_at(number / 10, [walker((0.4, 0.8))], class_ids=[class_id])
    return replace(result, model=ModelIdentity("m", "1", "0" * 64, "fp32", class_names))


def test_a_model_with_more_classes_goes_on_with_the_same_objects() -> None:
    zone = {"name": "all", "points": [[0, 0], [1, 0], [1, 1], [0, 1]], "classes": [CLASSES[0]]}
    analysts = Analysts([source(id="gate", zones=[zone])], CLASSES, BOOT)
    more = (*CLASSES, "unicorn")
    for number in range(3):
        analysts.observe(_by(CLASSES, number), None, 0.25)
    result, report = analysts.observe(_by(more, 3), None, 0.25)
    assert result.tracks == ("6f1c-1",)
    assert words(report.events) == []
    for number in range(4, 8):
        result, report = analysts.observe(_by(more, number, class_id=len(CLASSES)), None, 0.25)
    assert result.zones == ((),)  # the zone is for the first class
    for number in range(8, 12):  # and back again, to fewer: what is followed is known still
        analysts.observe(_by(CLASSES, number), None, 0.25)
    report = analysts.finish(())
    assert {event.class_names for event in report.events} == {more}


def test_a_model_with_other_classes_begins_anew() -> None:
    analysts = Analysts([source(id="gate")], CLASSES, BOOT)
    for number in range(3):
        analysts.observe(_by(CLASSES, number), None, 0.25)
    result, report = analysts.observe(_by(("cat", "dog"), 3), None, 0.25)
    assert words(report.events) == ["end stopped"]
    assert report.events[0].class_names == CLASSES
    assert result.tracks == (None,)
    for number in range(4, 7):
        result, report = analysts.observe(_by(("cat", "dog"), number), None, 0.25)
    assert result.tracks == ("6f1c-2",)
    told = [counts.class_names for counts in report.counts]
    told += [event.class_names for event in analysts.finish(()).events]
    assert {*told} == {("cat", "dog")}


def test_the_end_tells_which_source_was_stopped() -> None:
    analysts = _two()
    _show(analysts, "gate")
    _show(analysts, "dock")

    report = analysts.finish({"dock"})

    assert words(report.events) == ["end stopped", "end source_ended"]


def test_a_source_needs_what_its_settings_say() -> None:
    analysts = Analysts(
        [source(id="gate"), source(id="dock", track={"enabled": False})], CLASSES, BOOT
    )

    assert analysts.needs("gate", 0.25).score_threshold == 0.1
    assert analysts.needs("gate", 0.05).score_threshold == 0.05
    assert analysts.needs("dock", 0.25).score_threshold == 0.25


def test_classes_that_the_model_does_not_know_are_named_with_those_it_does() -> None:
    triangle = [[0, 0], [1, 0], [1, 1]]
    wrong = source(
        objects={"classes": ["person", "dog"], "class_score_thresholds": {"cat": 0.5}},
        zones=[{"name": "dock", "points": triangle, "classes": ["truck"]}],
        lines=[{"name": "door", "points": [[0, 0], [1, 1]], "classes": ["car", "bus"]}],
    )

    problems = problems_of_classes([source(), wrong], CLASSES)

    assert [problem.split("class '")[1].split("'")[0] for problem in problems] == [
        "dog",
        "cat",
        "truck",
        "bus",
    ]
    assert problems[2] == (
        "source 'gate': zones: 'dock': classes: the model knows no class 'truck';"
        " expected one of person, car"
    )
    many = problems_of_classes([wrong], [f"c{number}" for number in range(80)])[0]
    assert many.endswith("c11 and 68 more")
