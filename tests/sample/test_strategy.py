"""Strategies as the settings say: the right reason, the right classes, and no other."""

from typing import Any

import pytest

from edgedet.config.sampling import StrategySettings
from edgedet.errors import ConfigError
from edgedet.sample.strategy import Scene, Strategy
from tests.sample.fakes import CLASSES, proposals

PERSON, CAR = (0, 0, 20, 40), (60, 0, 90, 40)
NOBODY = proposals()
SEEN = proposals((*PERSON, 0.4, 0, 0.3), (*CAR, 0.2, 1, 0.02))


def strategy(**settings: object) -> Strategy:
    return Strategy(StrategySettings.model_validate({"name": "s", **settings}), CLASSES)


@pytest.mark.parametrize(
    ("settings", "class_ids"),
    [
        ({"type": "random"}, ()),
        ({"type": "close_to_threshold", "threshold": 0.25, "epsilon": 0.1}, (1,)),
        ({"type": "close_to_threshold", "threshold": 0.25, "epsilon": 0.2}, (1, 0)),
        (
            {
                "type": "close_to_threshold",
                "threshold": 0.25,
                "epsilon": 0.2,
                "selected_class_names": ["person"],
            },
            (0,),
        ),
        (
            {
                "type": "close_to_threshold",
                "threshold": 0.25,
                "epsilon": 0.2,
                "minimum_objects_close_to_threshold": 3,
            },
            None,
        ),
        ({"type": "classes_based", "selected_class_names": ["person"]}, (0,)),
        ({"type": "classes_based", "selected_class_names": ["car"]}, None),  # below the threshold
        ({"type": "detections_number_based", "more_than": 0}, (0,)),
        ({"type": "detections_number_based", "more_than": 1}, None),
        ({"type": "detections_number_based", "less_than": 1}, None),
        ({"type": "margin", "margin": 0.15}, (0,)),
        ({"type": "margin", "margin": 0.05}, None),
        ({"type": "entropy", "minimum_entropy": 1.0}, (0, 1)),
        ({"type": "entropy", "minimum_entropy": 2.5}, None),
        ({"type": "random", "sources": ["dock"]}, None),
        ({"type": "flicker"}, None),  # its neighbours are not known
        ({"type": "models_disagree"}, None),  # there is no other model
        ({"type": "drift"}, None),
    ],
)
def test_each_type_has_its_reason(
    settings: dict[str, Any], class_ids: tuple[int, ...] | None
) -> None:
    match = strategy(**settings).match(Scene("gate", SEEN, 0.25), draw=0.0)

    assert (match and match.class_ids) == class_ids


def test_neighbours_other_models_and_drifts_are_reasons_too() -> None:
    scene = Scene(
        "gate",
        NOBODY,
        0.25,
        before=proposals((*PERSON, 0.6, 0)),
        after=proposals((*PERSON, 0.7, 0)),
        other=proposals((*CAR, 0.9, 1)),
        drifts={"count": 5.5, "score": 1.0},
    )

    flicker = strategy(type="flicker")
    found = [
        each.match(scene, draw=0.0)
        for each in (
            flicker,
            strategy(type="models_disagree"),
            strategy(type="models_disagree", minimum_disagreements=2),
            strategy(type="drift", deviations=5),
            strategy(type="drift", deviations=6),
        )
    ]

    assert [match and match.class_ids for match in found] == [(0,), (1,), None, (), None]
    assert found[3] is not None
    assert found[3].why == "count of objects 5.5 deviations from what is usual"
    assert flicker.looks_ahead
    assert not strategy(type="random").looks_ahead


def test_probability_is_that_of_the_draw() -> None:
    half = strategy(type="random", probability=0.5)

    assert half.match(Scene("gate", NOBODY, 0.25), draw=0.49) is not None
    assert half.match(Scene("gate", NOBODY, 0.25), draw=0.5) is None
    assert strategy(type="random", probability=0).match(Scene("g", NOBODY, 0.2), 0.0) is None


def test_classes_that_the_model_lacks_are_refused() -> None:
    with pytest.raises(ConfigError, match="selects cat; the model has person, car, bicycle"):
        strategy(type="classes_based", selected_class_names=["cat", "car"])


def test_a_margin_needs_two_classes() -> None:
    settings = StrategySettings.model_validate({"name": "s", "type": "margin"})
    with pytest.raises(ConfigError, match="one class"):
        Strategy(settings, ("person",))
