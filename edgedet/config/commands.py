"""Settings `mqtt.commands`: what the device lets others do over MQTT; nothing unless enabled."""

from typing import Literal

from pydantic import Field, model_validator

from edgedet.config.section import Section

CommandName = Literal[
    "pause",
    "resume",
    "snapshot",
    "set-threshold",
    "reload",
    "rebirth",
    "sample",
    "models-install",
    "models-activate",
    "models-rollback",
    "models-list",
]


class CommandSettings(Section):
    """The commands that are carried out; whoever may publish below `cmd/` can give them."""

    enabled: bool = False
    allow: list[CommandName] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _bare_off(cls, value: object) -> object:
        """`commands: off` as short for `enabled: false`; YAML reads a bare off as false."""
        return {"enabled": False} if value is False or value == "off" else value

    @model_validator(mode="after")
    def _names_what_is_allowed(self) -> "CommandSettings":
        if self.enabled and not self.allow:
            msg = "enabled without a command in allow; name those that may be given"
            raise ValueError(msg)
        return self
