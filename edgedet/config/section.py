"""The base of all settings: frozen, no unknown keys, values shown as they were given."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""A name that may be part of an MQTT topic."""


class Section(BaseModel):
    """A group of settings, unchangeable once loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
