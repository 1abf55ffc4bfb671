"""What all messages have in common."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edgedet.errors import EdgedetError

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 as parts of the frame's width and height."""
Utc = AwareDatetime
Count = Annotated[int, Field(ge=0)]


class MessageError(EdgedetError):
    """A payload that is no message of edgedet, or not as its schema says."""


class Part(BaseModel):
    """A part of a message: frozen, and tolerant of fields that are newer than we are."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Message(Part):
    """A message of a schema, `edgedet.<name>/<version>`; `id` is the same if it is sent again."""

    schema_name: str = Field(alias="schema")
    id: str


class DeviceMessage(Message):
    """A message of a device; `boot` names the run of its service."""

    device: str
    boot: str


class NumberedMessage(DeviceMessage):
    """A message of a topic that is counted: a gap in `seq` is a loss.

    `lost_before` is the number of messages that the device itself discarded just before this one.
    """

    source: str
    seq: Count
    replayed: bool = False
    lost_before: Count = 0
