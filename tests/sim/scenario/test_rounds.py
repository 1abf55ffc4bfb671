"""The steps of a round."""

from edgedet.sim.scenario.rounds import every_step, in_round, label_of, steps_in_round
from edgedet.sim.scenario.steps import AnyStep, PauseStep, PublishStep, RepeatStep

PUBLISH = {"publish": {"topic": "cmd/x", "payload": {"id": "x-${round}", "n": "${round}"}}}
INNER = {"repeat": {"times": 2, "steps": [PUBLISH]}}


def _repeat(*steps: object) -> RepeatStep:
    return RepeatStep.model_validate({"repeat": {"times": 3, "steps": list(steps)}})


def test_each_round_has_its_number() -> None:
    (step,) = steps_in_round(_repeat(PUBLISH), label_of(2))

    assert isinstance(step, PublishStep)
    assert step.publish.payload == {"id": "x-2", "n": 2}


def test_rounds_inside_of_rounds_are_told_apart() -> None:
    (inner,) = steps_in_round(_repeat(INNER), "3")
    assert isinstance(inner, RepeatStep)

    (step,) = steps_in_round(inner, label_of(2, outer="3"))

    assert isinstance(step, PublishStep)
    assert step.publish.payload == {"id": "x-3.2", "n": "3.2"}
    assert in_round(INNER, "3") == INNER


def test_all_steps_in_the_order_of_the_first_round() -> None:
    steps: list[AnyStep] = [_repeat({"pause_s": 1}, INNER), PauseStep(pause_s=2)]

    kinds = [type(step).__name__ for step in every_step(steps)]

    assert kinds == [
        "RepeatStep", "PauseStep", "RepeatStep", "PublishStep", "PauseStep",
    ]  # fmt: skip
