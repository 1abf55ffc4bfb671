"""A scenario file, checked as a whole: all problems at once, each with its line."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edgedet.config.document import KeyPath, Problem, parse_yaml, read_text
from edgedet.config.problems import located, problems_of
from edgedet.errors import ConfigError
from edgedet.sim.scenario.rounds import in_round, label_of
from edgedet.sim.scenario.schema import Head, Scenario, problems_of_timeline
from edgedet.sim.scenario.steps import STEPS, AnyStep, RepeatStep

_TOP = 2  # the length of the place of a step that is in no `repeat`


def load_scenario(path: Path) -> Scenario:
    """The scenario of the file at `path`.

    Raises:
        ConfigError: with one line for each problem in `problems`.
    """
    document = parse_yaml(read_text(path))
    problems = list(document.problems)
    value = document.value
    head: Head | None = None
    steps: list[tuple[KeyPath, AnyStep]] = []
    if value is not None or not problems:
        head = _validated(value, problems)
        raw = value.get("timeline") if isinstance(value, dict) else None
        steps = _steps(raw, ("timeline",), problems)
    if head is not None:
        problems += problems_of_timeline(head, steps)
    if problems or head is None:
        lines = tuple(located(path, document, problem) for problem in problems)
        count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        msg = f"{path}: {count} in the scenario"
        raise ConfigError(msg, lines)
    return Scenario(head, tuple(step for path, step in steps if len(path) == _TOP))


def _validated(value: object, problems: list[Problem]) -> Head | None:
    try:
        return Head.model_validate({} if value is None else value)
    except ValidationError as exc:
        problems += problems_of(exc, Head)
        return None


def _steps(
    entries: Any,  # noqa: ANN401 - whatever YAML holds
    path: KeyPath,
    problems: list[Problem],
    outer: str = "",
) -> list[tuple[KeyPath, AnyStep]]:
    """Steps with their places, each `repeat` followed by those of its first round."""
    found: list[tuple[KeyPath, AnyStep]] = []
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        place = (*path, number)
        step = _step(in_round(entry, outer) if outer else entry, place, problems)
        if step is None:
            continue
        found.append((place, step))
        if isinstance(step, RepeatStep):
            inner, label = (*place, "repeat", "steps"), label_of(1, outer)
            found += _steps(step.repeat.steps, inner, problems, label)
    return found


def _step(entry: Any, path: KeyPath, problems: list[Problem]) -> AnyStep | None:  # noqa: ANN401
    """One step; what is wrong with it goes to `problems`."""
    if not isinstance(entry, dict):
        problems.append(Problem(path, f"expected a step, as in `{{pause_s: 2}}`; got '{entry}'"))
        return None
    named = [key for key in entry if key in STEPS]
    if len(named) != 1:
        given = ", ".join(named or map(str, entry))
        message = f"expected exactly one of {', '.join(STEPS)} in a step; got {given or 'nothing'}"
        problems.append(Problem(path, message))
        return None
    model = STEPS[named[0]]
    try:
        return model.model_validate(entry)
    except ValidationError as exc:
        problems += [
            Problem((*path, *problem.path), problem.message, problem.line)
            for problem in problems_of(exc, model)
        ]
        return None
