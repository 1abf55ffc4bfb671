"""What was promised stays so: examples that never change, and what the code emits today."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from edgedet.messages import TYPES, parse
from edgedet.publish import schemas
from edgedet.publish.state_payloads import EMITTED
from tests.publish.golden_messages import FOLDER, golden_messages, pretty

EXAMPLES = Path(schemas.__file__).parents[1] / "examples"
DIGESTS = Path(__file__).with_name("examples.sha256")
NAMES = sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob("*/*.json"))
# commands are what others say
GOLDEN = golden_messages()


def _example(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


def _validate(name: str, body: object) -> None:
    Draft202012Validator(schemas.load(name.partition(".")[0])).validate(body)


def test_every_schema_has_an_example() -> None:
    assert {name.partition(".")[0] for name in NAMES} == set(schemas.NAMES)


def test_no_example_was_ever_changed_or_removed() -> None:
    """A line is added to `examples.sha256` for each new example; no line of it ever changes."""
    lines = DIGESTS.read_text(encoding="utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {name: hashlib.sha256(_example(name).encode()).hexdigest() for name in NAMES}

    assert found == listed


@pytest.mark.parametrize("name", NAMES)
def test_old_examples_agree_with_the_new_schemas(name: str) -> None:
    _validate(name, json.loads(_example(name)))


@pytest.mark.parametrize("name", NAMES)
def test_old_examples_are_read_by_the_new_types(name: str) -> None:
    body = json.loads(_example(name))

    message = parse(_example(name))

    assert isinstance(message, TYPES[body["schema"]])
    _same(message, body)


def _same(message: object, body: Any) -> None:  # noqa: ANN401 - any JSON
    """Every field of `body` is in `message`, with its value."""
    if not isinstance(body, dict):
        return
    for key, value in body.items():
        field = "schema_name" if key == "schema" else key
        read = message[key] if isinstance(message, dict) else getattr(message, field)
        if isinstance(value, str | int | float) and isinstance(read, str | int | float):
            assert read == value, key
        _same(read, value)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_message(name: str) -> None:
    """Fails when a field changes: run `python -m tests.publish.golden_messages` if it is meant to.

    A field may be added. Whether one is missing, the test below says.
    """
    assert pretty(GOLDEN[name]) == (FOLDER / name).read_text(encoding="utf-8")
    _validate(name, json.loads(GOLDEN[name]))


@pytest.mark.parametrize("name", sorted(set(GOLDEN) & set(NAMES)))
def test_what_was_ever_emitted_is_still_emitted(name: str) -> None:
    before, now = (set(_paths(json.loads(text))) for text in (_example(name), GOLDEN[name]))

    assert before - now == set()


def test_every_emitted_schema_has_a_golden_message() -> None:
    covered = {json.loads(payload)["schema"] for payload in GOLDEN.values()}

    assert covered == {*EMITTED, "edgedet.reply/1"}


def _paths(body: object, path: str = "") -> Iterator[str]:
    """The place and the kind of every value."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from _paths(value, f"{path}.{key}")
    elif isinstance(body, list):
        for value in body:
            yield from _paths(value, f"{path}[]")
    else:
        yield f"{path}: {'number' if isinstance(body, int | float) else type(body).__name__}"
