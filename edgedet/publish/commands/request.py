"""A command as it came over the network, read with suspicion. Pure."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgedet.config.problems import path_text, problems_of
from edgedet.config.section import Section
from edgedet.errors import CommandError

COMMAND = "edgedet.command/1"
MAX_BYTES = 8192
UNREADABLE_ID = "unreadable"
"""Stands in an answer for the id of a command that has none one could read."""

# printable ASCII, as the id goes back in a property of MQTT, and brokers hang up on odd characters
_ID = r"^[!-~]{1,192}$"


class Envelope(BaseModel):
    """What every command has; fields that we do not know are left alone."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    schema_name: Literal["edgedet.command/1"] = Field(alias="schema")
    id: str = Field(pattern=_ID)
    args: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """A command that is sound as far as it can be told without knowing its name."""

    id: str
    args: dict[str, Any]


class UnsoundError(CommandError):
    """A command that cannot be read; `id` is its id if that much could be."""

    def __init__(self, message: str, command_id: str = UNREADABLE_ID) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.id = command_id


def read_request(payload: bytes) -> Request:
    """The command in `payload`.

    Raises:
        UnsoundError: it is too large, no JSON, or not of the schema.
    """
    if len(payload) > MAX_BYTES:
        msg = f"the command has {len(payload)} bytes; expected at most {MAX_BYTES}"
        raise UnsoundError(msg)
    try:
        envelope = Envelope.model_validate_json(payload)
    except ValidationError as exc:
        raise UnsoundError(_told(exc, Envelope), _id_in(payload)) from exc
    return Request(envelope.id, envelope.args)


def read_arguments(model: type[Section], args: dict[str, Any]) -> Section:
    """The arguments of a command, checked.

    Raises:
        CommandError: they are not what `model` says.
    """
    try:
        return model.model_validate(args)
    except ValidationError as exc:
        raise CommandError(_told(exc, model, "args")) from exc


def _told(exc: ValidationError, model: type[BaseModel], where: str = "") -> str:
    """Everything that is wrong, in one line."""
    problems = problems_of(exc, model)
    paths = [path_text((where, *problem.path) if where else problem.path) for problem in problems]
    return "; ".join(
        f"{path}: {problem.message}" if path else problem.message
        for path, problem in zip(paths, problems, strict=True)
    )


def _id_in(payload: bytes) -> str:
    """The id of a command with other faults."""
    try:
        found = _OnlyId.model_validate_json(payload)
    except ValidationError:
        return UNREADABLE_ID
    return found.id


class _OnlyId(BaseModel):
    id: str = Field(pattern=_ID)
