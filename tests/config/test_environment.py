"""Variables of the environment override the file, or say why they cannot."""

import pytest

from edgedet.config.document import Value, parse_yaml
from edgedet.config.environment import apply_environment

TEXT = """
model: {bundle: m}
sources: [{id: a, uri: "test://ball"}]
mqtt: off
"""


def _apply(text: str = TEXT, **environ: str) -> tuple[Value, list[str]]:
    document = parse_yaml(text)
    apply_environment(document, environ)
    return document.value, [problem.message for problem in document.problems]


def _applied(**environ: str) -> dict[str, Value]:
    value, problems = _apply(**environ)
    assert problems == []
    assert isinstance(value, dict)
    return value


def test_replaces_and_adds_values_typed_as_yaml() -> None:
    value = _applied(
        EDGEDET__MODEL__BUNDLE="other",
        EDGEDET__MODEL__THREADS="2",
        EDGEDET__SAMPLING__ENABLED="false",
    )
    assert value["model"] == {"bundle": "other", "threads": 2}
    assert value["sampling"] == {"enabled": False}


def test_list_items_go_by_number() -> None:
    value = _applied(EDGEDET__SOURCES__0__URI="rtsp://10.0.0.5/1", EDGEDET__SOURCES__1__ID="b")
    assert value["sources"] == [{"id": "a", "uri": "rtsp://10.0.0.5/1"}, {"id": "b"}]


def test_whole_sections_and_lists_can_be_given() -> None:
    value = _applied(EDGEDET__SOURCES='[{id: z, uri: "test://snow"}]')
    assert value["sources"] == [{"id": "z", "uri": "test://snow"}]


def test_a_section_that_the_file_gave_as_a_word_gives_way() -> None:
    assert _applied(EDGEDET__MQTT__URL="embedded")["mqtt"] == {"url": "embedded"}


def test_lists_of_new_sections_can_be_built() -> None:
    value, problems = _apply("", EDGEDET__SOURCES__0__ID="a", EDGEDET__SOURCES__1__ID="b")
    assert value == {"sources": [{"id": "a"}, {"id": "b"}]}
    assert problems == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("EDGEDET__SOURCES__5__ID", "x", "there is no such key"),
        ("EDGEDET__SOURCES__X__ID", "x", "there is no such key"),
        ("EDGEDET__", "x", "expected EDGEDET__SECTION__KEY"),
        ("EDGEDET__MQTT____URL", "x", "expected EDGEDET__SECTION__KEY"),
        ("EDGEDET__MQTT__URL", "[", "not valid YAML"),
        ("EDGEDET__MQTT__URL", "x" * 70_000, "70000 characters"),
    ],
)
def test_what_cannot_be_applied_is_told_with_the_variable(
    name: str, text: str, message: str
) -> None:
    _, problems = _apply(**{name: text})
    assert len(problems) == 1
    assert message in problems[0]
    assert problems[0].endswith(f"(set by {name})")


def test_the_next_free_number_is_told() -> None:
    _, problems = _apply("sources: [a, b]", EDGEDET__SOURCES__4="c")
    assert problems[0].startswith("the list has 2 items: the next is number 2")


def test_other_variables_are_none_of_ours() -> None:
    assert _applied(EDGEDET_TEST_DATA="/x", PATH="/bin", EDGEDET="1") == parse_yaml(TEXT).value
