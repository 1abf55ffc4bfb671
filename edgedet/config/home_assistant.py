"""Settings `mqtt.home_assistant`: entities that appear there by themselves; off unless enabled."""

from pydantic import Field, model_validator

from edgedet.config.section import Section


class HomeAssistantSettings(Section):
    """Discovery by Home Assistant over the same broker."""

    enabled: bool = False
    prefix: str = Field(
        default="homeassistant", pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", max_length=64
    )
    """Its discovery prefix."""
    count_classes: list[str] | None = None
    """A sensor for the number of each of these; default: all classes of a model with at most 10."""

    @model_validator(mode="before")
    @classmethod
    def _bare_off(cls, value: object) -> object:
        """`home_assistant: off` as short for `enabled: false`; YAML reads a bare off as false."""
        return {"enabled": False} if value is False or value == "off" else value
