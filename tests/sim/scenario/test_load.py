"""Scenario files: everything that is wrong, at once, with its line."""

import re
from pathlib import Path

import pytest

from edgedet.errors import ConfigError
from edgedet.sim.library import shipped
from edgedet.sim.scenario.load import load_scenario
from edgedet.sim.scenario.steps import ExpectStep, PauseStep


def _load(folder: Path, text: str) -> list[str]:
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load_scenario(path)
    except ConfigError as exc:
        return [problem.removeprefix(f"{folder}/") for problem in exc.problems]
    return []


def test_a_small_scenario(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: a\nabout: b\ntimeline:\n  - pause_s: 2\n  - expect: {log: x}\n    within_s: 3\n"
    )
    scenario = load_scenario(path)

    assert [type(step) for step in scenario.steps] == [PauseStep, ExpectStep]


def test_all_problems_are_told_with_their_lines(tmp_path: Path) -> None:
    text = """\
name: Bad name
about: x
cameras:
  gate: {fsp: 3}
timeline:
  - {expect: {message: {topic: a, where: {state: ">= x"}}}, within: 3}
  - explode
  - {broker: kill, runtime: kill}
  - {peer: {do: refuse, cod: 3}}
"""
    problems = _load(tmp_path, text)

    expected = (
        "s.yaml:1: name: string should match pattern",
        "s.yaml:4: cameras.gate.fsp: unknown key; did you mean 'fps'?",
        "s.yaml:6: timeline[0].expect.message.where.state: expected a number behind >=",
        "s.yaml:6: timeline[0].within: unknown key; did you mean 'within_s'?",
        "s.yaml:7: timeline[1]: expected a step",
        "s.yaml:8: timeline[2]: expected exactly one of camera, peer",
        "s.yaml:9: timeline[3].peer.cod: unknown key; did you mean 'code'?",
    )
    assert len(problems) == len(expected)
    for problem, beginning in zip(problems, expected, strict=True):
        assert problem.startswith(beginning)


def test_steps_inside_of_rounds_are_checked_in_their_place(tmp_path: Path) -> None:
    text = """\
name: a
about: x
timeline:
  - repeat:
      times: 3
      steps:
        - camera: {id: gate, do: drop}
        - expect: {message: {topic: a, count: "${round}"}}
        - repeat: {times: 2, steps: [{pause: 1}, {publish: {topic: "a/+"}}]}
  - repeat: {time: 3, steps: [{pause_s: 1}]}
"""
    problems = _load(tmp_path, text)

    expected = (
        "s.yaml:9: timeline[0].repeat.steps[2].repeat.steps[0]: expected exactly one of camera",
        "s.yaml:9: timeline[0].repeat.steps[2].repeat.steps[1].publish.topic: expected a topic to",
        "s.yaml:10: timeline[1].repeat.times: missing",
        "s.yaml:10: timeline[1].repeat.time: unknown key; did you mean 'times'?",
        "s.yaml:7: timeline[0].repeat.steps[0]: there is no camera 'gate'",
    )
    assert len(problems) == len(expected)
    for problem, beginning in zip(problems, expected, strict=True):
        assert problem.startswith(beginning)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "name: missing"),
        ("- a", "expected a section"),
        ("a: [", "not valid YAML"),
        ("name: a\nabout: b\ntimeline: 3\n", "expected a list"),
        ("name: a\nabout: b\ntimeline:\n  - camera: {id: x, do: drop}\n", "no camera 'x'"),
    ],
)
def test_what_is_no_scenario_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert any(message in problem for problem in _load(tmp_path, text))


def test_every_scenario_that_is_shipped_is_sound_and_named_as_its_file() -> None:
    names = {path.stem: load_scenario(path).head.name for path in shipped()}

    assert len(names) >= 12
    assert names == {stem: stem for stem in names}


def test_what_the_documentation_shows_is_a_scenario(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "sim.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(name: .*?)```", page, re.DOTALL)
    assert _load(tmp_path, shown) == []
