"""The steps that a `repeat` plays again: those of one round, with its number filled in."""

from collections.abc import Iterable, Iterator
from typing import Any

from edgedet.sim.scenario.placeholders import filled
from edgedet.sim.scenario.steps import STEPS, AnyStep, RepeatStep

_ROUND = "round"
_REPEAT = "repeat"


def label_of(number: int, outer: str = "") -> str:
    """What `${round}` is in a round: its number, behind those of the rounds around it.

    >>> label_of(3), label_of(2, outer="3")
    ('3', '3.2')
    """
    return f"{outer}.{number}" if outer else str(number)


def in_round(entry: Any, label: str) -> Any:  # noqa: ANN401 - plain values of YAML
    """A step as it was written, with `${round}` filled in; an inner `repeat` does so itself."""
    if isinstance(entry, dict) and _REPEAT in entry:
        return entry
    return filled(entry, {_ROUND: int(label) if label.isdecimal() else label})


def steps_in_round(step: RepeatStep, label: str) -> tuple[AnyStep, ...]:
    """The steps of one round of a sound scenario."""
    entries = [in_round(entry, label) for entry in step.repeat.steps]
    return tuple(
        STEPS[next(key for key in entry if key in STEPS)].model_validate(entry) for entry in entries
    )


def every_step(steps: Iterable[AnyStep], outer: str = "") -> Iterator[AnyStep]:
    """All steps in the order in which they are first played, those inside of `repeat` too."""
    for step in steps:
        yield step
        if isinstance(step, RepeatStep):
            label = label_of(1, outer)
            yield from every_step(steps_in_round(step, label), label)
