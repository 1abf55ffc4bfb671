"""The page and the types about our messages say what the schemas say."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edgedet.messages import TYPES, Message
from edgedet.publish import schemas

SCRIPT = Path(__file__).parents[2] / "docs" / "mqtt_fields.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mqtt_fields", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "mqtt_fields", module)
        spec.loader.exec_module(module)
    return module


def test_page_is_up_to_date(script: ModuleType) -> None:
    """If this fails: `python docs/mqtt_fields.py`."""
    page = script.PAGE.read_text(encoding="utf-8")

    assert script.rendered(page) == page
    for name in schemas.NAMES:
        assert f"<!-- example: {name} " in page
        assert f"<!-- fields: {name} -->" in page or name == "command"


@pytest.mark.parametrize("name", schemas.NAMES)
def test_every_field_says_what_it_means(script: ModuleType, name: str) -> None:
    fields = script.fields_of(name)

    assert [field.path for field in fields if not field.meaning] == []
    assert [field.path for field in fields if not field.kind] == []


def test_long_messages_are_broken_without_a_change(script: ModuleType) -> None:
    body = {"text": 'a, "quoted", text\\', "list": list(range(99)), "map": {"é": None}}

    text = script._flow(body)

    assert json.loads(text) == body
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("schema", TYPES)
def test_types_have_the_fields_of_the_schema(schema: str) -> None:
    name = schema.removeprefix("edgedet.").removesuffix("/1")

    assert _fields_of_type(TYPES[schema]) == _fields_of_schema(schemas.load(name))


def _fields_of_type(model: type[Message]) -> dict[str, bool]:
    """Every field of a message and its parts, and whether it must be there."""
    return _fields_of_schema(model.model_json_schema(mode="validation"))


def _fields_of_schema(root: dict[str, Any]) -> dict[str, bool]:
    found: dict[str, bool] = {}

    def walk(schema: dict[str, Any], path: str) -> None:
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
        for key, value in schema.get("properties", {}).items():
            found[f"{path}.{key}"] = key in schema.get("required", ())
            walk(value, f"{path}.{key}")
        for part in schema.get("anyOf", ()):
            walk(part, path)
        if isinstance(schema.get("items"), dict):
            walk(schema["items"], f"{path}[]")

    walk(root, "")
    return found
