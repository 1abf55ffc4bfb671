"""`edgedet.command/1` and `edgedet.reply/1`: what a device is asked, and its answer."""

from collections.abc import Mapping

from pydantic import Field, JsonValue

from edgedet.messages.base import DeviceMessage, Message, Utc


class Command(Message):
    """A request; its name is the last level of the topic. Repeat it with the same `id`."""

    args: Mapping[str, JsonValue] = Field(default_factory=dict)


class Reply(DeviceMessage):
    """The answer to the command with this `id`; `status` is ok, error or duplicate."""

    published: Utc
    command: str
    status: str
    reason: str = ""
    result: Mapping[str, JsonValue] = Field(default_factory=dict)
