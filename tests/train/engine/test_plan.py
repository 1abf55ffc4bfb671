"""What a run is known by, and what its best epoch is chosen by."""

from dataclasses import replace

import pytest

from train.config import Recipe
from train.engine import RunPlan, Scores

PLAN = RunPlan(Recipe(), ("person",), 10, 416, 8, facts={"data_id": "abc", "command": "fit"})


def test_fitness_weighs_precise_boxes_nine_to_one() -> None:
    assert Scores(ap50=0.5, ap=0.3).fitness == pytest.approx(0.32)
    assert Scores(ap50=0.6, ap=0.4).fitness > Scores(ap50=0.9, ap=0.35).fitness


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": Recipe(lr0=0.02)},
        {"epochs": 11},
        {"image_size": 320},
        {"batch_size": 16},
        {"seed": 1},
        {"facts": {"data_id": "other"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_plan_that_trains_other_weights_is_another(change: dict[str, object]) -> None:
    assert replace(PLAN, **change).identity() != PLAN.identity()  # type: ignore[arg-type]


def test_how_the_work_is_done_does_not_matter() -> None:
    facts = {"data_id": "abc", "command": "fit --resume", "machine": "another"}
    other = replace(PLAN, workers=4, evaluate_every=5, facts=facts)

    assert other.identity() == PLAN.identity()


def test_how_often_is_scored_matters_where_scores_steer_the_run() -> None:
    patient = replace(PLAN, recipe=Recipe(patience=3))

    assert replace(patient, evaluate_every=5).identity() != patient.identity()
