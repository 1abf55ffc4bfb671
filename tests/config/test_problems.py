"""Mistakes are told in the words of the file, and secrets are not told."""

import pytest
from pydantic import ValidationError

from edgedet.config.problems import path_text, problems_of
from edgedet.config.settings import Settings

GOOD = {"model": {"bundle": "m"}, "sources": [{"id": "a", "uri": "test://ball"}]}


def _problems(**changes: object) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({**GOOD, **changes})
    return {path_text(p.path): p.message for p in problems_of(caught.value, Settings)}


def test_unknown_keys_come_with_the_nearest_one() -> None:
    problems = _problems(batch={"max_sise": 3}, modle={}, mqtt={"xyz": 1})
    assert problems["batch.max_sise"] == "unknown key; did you mean 'max_size'?"
    assert problems["modle"] == "unknown key; did you mean 'model'?"
    assert problems["mqtt.xyz"].startswith("unknown key; expected one of commands, detections_")


def test_unknown_keys_of_list_items_and_nested_sections_are_known_too() -> None:
    problems = _problems(
        sources=[{"id": "a", "uri": "test://ball", "fps": 3}],
        mqtt={"tls": {"cafile": "x"}},
        sampling={"strategies": [{"name": "n", "type": "random", "limits": [{"typ": "daily"}]}]},
    )
    assert problems["sources[0].fps"] == "unknown key; did you mean 'max_fps'?"
    assert problems["mqtt.tls.cafile"] == "unknown key; did you mean 'ca_file'?"
    assert "did you mean 'type'?" in problems["sampling.strategies[0].limits[0].typ"]


def test_wrong_values_are_shown_with_what_was_expected() -> None:
    problems = _problems(batch={"max_size": 0, "max_wait_ms": "soon"})
    assert problems["batch.max_size"] == "input should be greater than or equal to 1, got 0"
    assert problems["batch.max_wait_ms"].endswith("got 'soon'")


def test_missing_keys_are_required() -> None:
    assert _problems(model={}) == {"model.bundle": "missing; it is required"}


def test_a_boolean_where_a_word_belongs_hints_at_yaml() -> None:
    problems = _problems(device={"name": False, "site": 7})
    assert "YAML reads a bare yes, no, on or off as a boolean" in problems["device.name"]
    assert "put it in quotes" in problems["device.site"]


def test_a_section_that_is_none_says_its_keys() -> None:
    problems = _problems(batch=3, sources={"id": "a"})
    keys = "latency_budget_ms, max_size, max_wait_ms"
    assert problems["batch"] == f"expected a section with keys ({keys}), got 3"
    assert problems["sources"] == "expected a list"


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": [{"id": "a", "uri": "ftp://admin:hunter2@10.0.0.5/1"}]},
        {"sources": [{"id": "a", "uri": "rtsp:/admin:hunter2@10.0.0.5/1?token=hunter2"}]},
        {"sources": [{"id": "a", "uri": "test://ball", "password": "hunter2"}]},
        {"mqtt": {"password": "hunter2"}},
        {"mqtt": {"password_file": ["hunter2"]}},
        {"mqtt": {"url": "mqtt://me:hunter2@broker"}},
        {"mqtt": {"url": "http://me:hunter2@broker"}},
    ],
)
def test_no_message_holds_a_secret(changes: dict[str, object]) -> None:
    problems = _problems(**changes)
    assert problems != {}
    assert "hunter2" not in str(problems)


def test_long_values_are_cut() -> None:
    assert len(_problems(device={"name": "x" * 5000})["device.name"]) < 250


def test_paths_are_written_as_people_do() -> None:
    assert path_text(("sources", 2, "uri")) == "sources[2].uri"
    assert path_text(()) == ""
