"""From a payload to the value of its type."""

from collections.abc import Mapping

from pydantic import BaseModel, Field, ValidationError

from edgedet.messages.base import MessageError
from edgedet.messages.commands import Command, DesiredModel, Reply
from edgedet.messages.detections import Detections
from edgedet.messages.events import Counts, Event
from edgedet.messages.states import Info, Metrics, SourceStatus, Status

AnyMessage = (
    Detections
    | Event
    | Counts
    | Status
    | SourceStatus
    | Info
    | Metrics
    | Command
    | Reply
    | DesiredModel
)

TYPES: Mapping[str, type[AnyMessage]] = {
    "edgedet.detections/1": Detections,
    "edgedet.events/1": Event,
    "edgedet.counts/1": Counts,
    "edgedet.status/1": Status,
    "edgedet.source_status/1": SourceStatus,
    "edgedet.info/1": Info,
    "edgedet.metrics/1": Metrics,
    "edgedet.command/1": Command,
    "edgedet.reply/1": Reply,
    "edgedet.desired_model/1": DesiredModel,
}
"""The type of each schema."""


class _Head(BaseModel):
    schema_name: str = Field(alias="schema")


def parse(payload: bytes | str) -> AnyMessage:
    """The message in `payload`.

    Raises:
        MessageError: it is no JSON, of no schema that we know, or lacks what its schema promises.

    >>> parse('{"schema": "edgedet.command/1", "id": "7"}')
    Command(schema_name='edgedet.command/1', id='7', args={})
    """
    try:
        head = _Head.model_validate_json(payload)
    except ValidationError as exc:
        msg = f"no message of edgedet: {_first(exc)}"
        raise MessageError(msg) from exc
    found = TYPES.get(head.schema_name)
    if found is None:
        msg = f"unknown schema '{head.schema_name[:80]}'; expected one of {', '.join(TYPES)}"
        raise MessageError(msg)
    try:
        message: AnyMessage = found.model_validate_json(payload)
    except ValidationError as exc:
        msg = f"not as {head.schema_name} says: {_first(exc)}"
        raise MessageError(msg) from exc
    return message


def _first(exc: ValidationError) -> str:
    """The first of the mistakes, with its place."""
    details = exc.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, details["loc"]))
    return f"{place}: {details['msg']}" if place else str(details["msg"])
