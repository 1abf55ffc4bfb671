"""The arguments that are accepted are those of the published schema."""

from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from edgedet.config.commands import CommandName
from edgedet.publish import schemas
from edgedet.publish.commands.arguments import ARGUMENTS

CASES: list[dict[str, Any]] = [
    {},
    {"source": "gate"},
    {"source": "Gate"},
    {"source": None},
    {"source": 7},
    {"score_threshold": 0.5},
    {"iou_threshold": 0},
    {"score_threshold": None},
    {"score_threshold": 1.5, "iou_threshold": 0.4},
    {"score_threshold": 0.5, "source": "gate"},
    {"other": 1},
]


def test_every_command_has_its_arguments() -> None:
    assert set(ARGUMENTS) == set(get_args(CommandName))


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("args", CASES, ids=str)
def test_what_the_schema_takes_is_taken_and_nothing_else(name: str, args: dict[str, Any]) -> None:
    schema = schemas.load("command")
    defs: Any = schema["$defs"]
    validator = Draft202012Validator({"$defs": defs, "$ref": f"#/$defs/{name}"})
    try:
        ARGUMENTS[name].model_validate(args)
        is_taken = True
    except ValidationError:
        is_taken = False

    assert is_taken == validator.is_valid(args)
