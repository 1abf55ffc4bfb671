"""Settings `sampling`: frames to keep for labelling; validated now, done by a later version."""

from typing import Literal

from pydantic import Field, model_validator

from edgedet.config.section import Section


class LimitSettings(Section):
    """At most `value` frames in the period."""

    type: Literal["minutely", "hourly", "daily"]
    value: int = Field(ge=0)


class StrategySettings(Section):
    """One reason to keep a frame; the vocabulary is Roboflow's."""

    name: str = Field(min_length=1, max_length=64)
    type: Literal["close_to_threshold", "random", "classes_based", "detections_number_based"]
    probability: float = Field(default=1.0, ge=0, le=1)
    threshold: float | None = Field(default=None, ge=0, le=1)
    epsilon: float | None = Field(default=None, ge=0, le=1)
    selected_class_names: list[str] | None = None
    minimum_objects_close_to_threshold: int = Field(default=1, ge=1)
    more_than: int | None = Field(default=None, ge=0)
    less_than: int | None = Field(default=None, ge=0)
    limits: list[LimitSettings] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)


class SamplingSettings(Section):
    """Keeping frames for labelling; off unless enabled."""

    enabled: bool = False
    sink: Literal["folder", "roboflow", "s3"] = "folder"
    strategies: list[StrategySettings] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _bare_off(cls, value: object) -> object:
        """`sampling: off` as short for `enabled: false`; YAML reads a bare off as false."""
        return {"enabled": False} if value is False or value == "off" else value
