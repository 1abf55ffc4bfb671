"""YAML becomes plain values with lines; nothing in it can run, explode or hide."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.config.document import parse_yaml


def _messages(text: str) -> list[str]:
    return [f"{p.line}: {p.message}" for p in parse_yaml(text).problems]


def test_values_and_their_lines() -> None:
    document = parse_yaml("a: 1\nb:\n  - x\n  - {c: true, d: null}\ne: 2.5\n")
    assert document.value == {"a": 1, "b": ["x", {"c": True, "d": None}], "e": 2.5}
    assert document.lines[("b", 1, "d")] == 4
    assert document.lines[("e",)] == 5
    assert document.problems == []


def test_a_key_given_twice_is_refused_with_both_lines() -> None:
    assert _messages("a: 1\nb: 2\na: 3\n") == ["3: given twice, first on line 1"]


def test_dates_and_numbers_as_keys_are_text() -> None:
    assert parse_yaml("name: 2024-01-01\n7: x\n").value == {"name": "2024-01-01", "7": "x"}


def test_anchors_and_merge_keys_work() -> None:
    text = "base: &base {uri: x, fps: 5}\none: {<<: *base, fps: 7}\n"
    assert parse_yaml(text).value == {
        "base": {"uri": "x", "fps": 5},
        "one": {"uri": "x", "fps": 7},
    }


def test_the_first_of_several_merged_mappings_wins() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n"
    value = parse_yaml(text).value
    assert isinstance(value, dict)
    assert value["c"] == {"x": 1, "y": 2}


def test_merging_no_mapping_is_refused() -> None:
    assert _messages("a: {<<: 5}\n") == ["1: `<<` takes a mapping or a list of mappings"]


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['touch /tmp/pwned']\n",
        "a: !!python/name:os.system\n",
        "a: !secret x\n",
        "a: !!binary aGk=\n",
    ],
)
def test_tags_run_nothing(text: str) -> None:
    document = parse_yaml(text)
    values = document.value
    assert isinstance(values, dict)
    assert document.problems != [] or values["a"] == ["touch /tmp/pwned"]


@pytest.mark.parametrize("kind", ["list", "merge"])
def test_a_bomb_of_anchors_is_refused_quickly(kind: str) -> None:
    lines = ["a0: &a0 {k: v}"]
    for level in range(1, 12):
        refs = ", ".join([f"*a{level - 1}"] * 10)
        body = f"{{<<: [{refs}]}}" if kind == "merge" else f"[{refs}]"
        lines.append(f"a{level}: &a{level} {body}")
    start_s = time.monotonic()
    problems = _messages("\n".join(lines))
    assert any("anchors within anchors" in problem for problem in problems)
    assert time.monotonic() - start_s < 20


def test_an_anchor_within_itself_is_refused() -> None:
    assert "anchors within anchors" in _messages("a: &a [*a]\n")[0]


@pytest.mark.parametrize(
    ("text", "line"), [("a: [1\nb: 2\n", 2), ("a:\n\t- x\n", 2), ("a: 'x\n", 2), ("a: *b\n", 1)]
)
def test_broken_yaml_is_told_with_its_line(text: str, line: int) -> None:
    problem = parse_yaml(text).problems[0]
    assert problem.message.startswith("not valid YAML: ")
    assert problem.line == line


def test_several_documents_are_refused() -> None:
    assert "not valid YAML" in _messages("a: 1\n---\nb: 2\n")[0]


def test_control_characters_and_depth_are_refused() -> None:
    assert "not valid YAML" in _messages("a: \x07\n")[0]
    assert _messages("[" * 5_000 + "]" * 5_000) != []


def test_an_empty_file_has_no_value_and_no_problem() -> None:
    document = parse_yaml("# nothing\n")
    assert (document.value, document.problems) == (None, [])


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    parse_yaml(text)


@pytest.mark.parametrize("text", ['a: "\\ud800"', '"\\ud800": a'])
def test_text_that_nobody_can_encode_is_refused(text: str) -> None:
    document = parse_yaml(text)
    assert len(document.problems) == 1
    repr(document.value).encode()
