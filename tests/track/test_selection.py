"""Which detections of a source count."""

import pytest

from edgedet.config.objects import ObjectSettings
from edgedet.track.selection import Selected, Selection
from tests.track.scenes import CLASSES, Box, result_at, walker

LEFT_HALF = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]


def _select(
    boxes: list[Box],
    scores: list[float],
    class_ids: list[int],
    score_threshold: float = 0.25,
    **settings: object,
) -> Selected:
    result = result_at(0.0, boxes, scores, class_ids)
    selection = Selection(ObjectSettings.model_validate(settings), CLASSES)
    return selection.select(result.detections, result.frame, score_threshold)


SPOTS = [walker((0.2, 0.8)), walker((0.4, 0.8)), walker((0.8, 0.8))]


def test_without_settings_the_models_threshold_decides() -> None:
    selected = _select(SPOTS, [0.9, 0.3, 0.2], [0, 1, 0])

    assert selected.counts.tolist() == [True, True, False]
    assert len(selected.detections) == 3


def test_other_classes_are_as_if_they_had_not_been_detected() -> None:
    selected = _select(SPOTS, [0.9, 0.8, 0.7], [0, 1, 0], classes=["car"])

    assert selected.detections.class_ids.tolist() == [1]
    assert selected.detections.scores.tolist() == pytest.approx([0.8])


def test_a_source_and_its_classes_have_thresholds_of_their_own() -> None:
    own = ObjectSettings(score_threshold=0.6, class_score_thresholds={"car": 0.4})
    result = result_at(0.0, SPOTS, [0.65, 0.45, 0.5], [0, 1, 0])
    selection = Selection(own, CLASSES)

    for models in (0.1, 0.9):
        selected = selection.select(result.detections, result.frame, models)
        assert selected.counts.tolist() == [True, True, False]
        assert selection.lowest_threshold(models) == 0.4


def test_the_lowest_threshold_is_that_of_a_class_that_counts() -> None:
    cars_only = ObjectSettings(classes=("car",), class_score_thresholds={"person": 0.1})

    assert Selection(cars_only, CLASSES).lowest_threshold(0.3) == 0.3
    assert Selection(ObjectSettings(), CLASSES).lowest_threshold(0.3) == 0.3


def test_the_threshold_itself_does_not_count() -> None:
    assert _select(SPOTS[:1], [0.5], [0], score_threshold=0.5).counts.tolist() == [False]


@pytest.mark.parametrize(
    ("anchor", "low", "high", "kept"),
    [
        ("bottom", 0.45, 0.55, [0, 2]),
        ("bottom", 0.33, 0.37, [0, 1, 2]),
        ("centre", 0.33, 0.37, [1, 2]),
    ],
)
def test_a_mask_hides_whose_anchor_lies_in_it(
    anchor: str, low: float, high: float, kept: list[int]
) -> None:
    boxes = [(0.2, 0.1, 0.3, 0.6), (0.2, 0.3, 0.3, 0.5), (0.6, 0.1, 0.7, 0.5)]
    band = [(0.0, low), (0.5, low), (0.5, high), (0.0, high)]

    selected = _select(boxes, [0.9, 0.8, 0.7], [0, 0, 0], masks=[band], anchor=anchor)

    expected = result_at(0.0, [boxes[number] for number in kept]).detections.boxes_xyxy
    assert selected.detections.boxes_xyxy.tolist() == expected.tolist()


def test_a_mask_over_everything_leaves_nothing() -> None:
    whole = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]

    assert len(_select(SPOTS, [0.9] * 3, [0] * 3, masks=[whole]).detections) == 0
    assert len(_select(SPOTS, [0.9] * 3, [0] * 3, masks=[LEFT_HALF]).detections) == 1
