import numpy as np
import pytest
from hypothesis import given, settings

from tests.train.evaluate.pictures import Scene, random_scenes, scene, scenes
from train.evaluate.errors import ERROR_KINDS, RIGHT, above, error_costs, picture_errors

BOX = [0.0, 0.0, 100.0, 100.0]
NEAR = [0.0, 0.0, 100.0, 40.0]  # IoU 0.4
FAR = [300.0, 300.0, 400.0, 400.0]


def kinds(one: Scene) -> list[str]:
    errors = picture_errors(one.found, one.truth_xyxy, one.truth_classes)
    return ["right" if kind == RIGHT else ERROR_KINDS[kind] for kind in errors.kinds]


@pytest.mark.parametrize(
    ("box", "class_id", "kind"),
    [
        (BOX, 0, "right"),
        (NEAR, 0, "misplaced"),
        (BOX, 1, "confused"),
        (NEAR, 1, "both"),
        (FAR, 0, "background"),
    ],
)
def test_each_mistake_has_its_name(box: list[float], class_id: int, kind: str) -> None:
    assert kinds(scene([(box, 0.9, class_id)], [(BOX, 0)])) == [kind]


def test_the_second_on_one_object_is_doubled() -> None:
    assert kinds(scene([(BOX, 0.9, 0), (BOX, 0.8, 0)], [(BOX, 0)])) == ["right", "doubled"]


def test_without_truths_everything_is_background() -> None:
    assert kinds(scene([(BOX, 0.9, 0)], [])) == ["background"]


def test_an_object_is_missed_unless_something_was_meant_for_it() -> None:
    truths: list[tuple[list[float], int]] = [(BOX, 0), (FAR, 0)]
    one = scene([(NEAR, 0.9, 0)], truths)
    errors = picture_errors(one.found, one.truth_xyxy, one.truth_classes)

    assert errors.missed.tolist() == [False, True]
    assert errors.count("missed") == errors.count("misplaced") == 1


def costs(one: list[Scene], score: float = 0.0) -> dict[str, tuple[float, int]]:
    return {each.kind: (each.cost, each.count) for each in error_costs(one, score)}


def test_a_misplaced_box_costs_what_its_object_is_worth() -> None:
    found = [(NEAR, 0.9, 0), (FAR, 0.8, 0)]
    assert costs([scene(found, [(BOX, 0), (FAR, 0)])])["misplaced"] == pytest.approx(
        (1 - 0.5 * 51 / 101, 1)
    )


def test_a_confused_class_costs_in_both_classes() -> None:
    found = [(BOX, 0.9, 1), (FAR, 0.8, 1)]
    # class 0: nothing found; class 1: one wrong before the right one
    assert costs([scene(found, [(BOX, 0), (FAR, 1)])])["confused"] == pytest.approx((0.75, 1))


def test_false_alarms_above_the_objects_cost_and_those_below_do_not() -> None:
    high = scene([(FAR, 0.9, 0), (BOX, 0.8, 0)], [(BOX, 0)])
    low = scene([(BOX, 0.8, 0), (FAR, 0.1, 0)], [(BOX, 0)])

    assert costs([high])["background"] == pytest.approx((0.5, 1))
    assert costs([low])["background"] == (0, 1)
    assert costs([low], 0.5)["background"] == (0, 0)


def test_the_dearest_comes_first() -> None:
    order = [one.cost for one in error_costs(random_scenes(2, 20, 3), 0.3)]

    assert order == sorted(order, reverse=True)
    assert order[0] > 0


@settings(max_examples=60, deadline=None)
@given(scenes())
def test_correcting_a_mistake_never_costs(pictures: list[Scene]) -> None:
    assert all(one.cost >= -1e-12 for one in error_costs(pictures, 0.0))


@settings(max_examples=60, deadline=None)
@given(scenes())
def test_every_detection_and_truth_is_accounted_for(pictures: list[Scene]) -> None:
    for one in pictures:
        errors = picture_errors(one.found, one.truth_xyxy, one.truth_classes)
        right = errors.targets[errors.kinds == RIGHT]

        assert len(set(right.tolist())) == len(right)
        assert (one.truth_classes[right] == one.found.class_ids[errors.kinds == RIGHT]).all()
        assert not errors.missed[right].any()
        assert len(errors.kinds) == len(one.found)


def test_above_keeps_what_reaches_the_score() -> None:
    found = scene([(BOX, 0.9, 0), (BOX, 0.5, 1), (BOX, 0.4, 0)], []).found

    assert above(found, 0.5).class_ids.tolist() == [0, 1]
    assert np.all(above(found, 0.0).scores == found.scores)
