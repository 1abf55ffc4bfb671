"""What a device is asked: `command`, its answer `reply`, and the retained `desired_model`."""

from collections.abc import Mapping

from pydantic import Field, JsonValue

from edgedet.messages.base import DeviceMessage, Message, Utc


class Command(Message):
    """A request; its name is the last level of the topic. Repeat it with the same `id`."""

    args: Mapping[str, JsonValue] = Field(default_factory=dict)


class DesiredModel(Message):
    """The model that a device is to use: one that is installed, or one at `url`."""

    model: str | None = None
    url: str | None = None
    sha256: str | None = None
    not_before: Utc | None = None
    within_s: float = 0.0


class Reply(DeviceMessage):
    """The answer to the command with this `id`; `status` is ok, error or duplicate."""

    published: Utc
    command: str
    status: str
    reason: str = ""
    result: Mapping[str, JsonValue] = Field(default_factory=dict)
