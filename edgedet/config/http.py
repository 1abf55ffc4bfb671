"""Settings `http`: the page and the metrics; validated now, served by a later version."""

from pydantic import Field, model_validator

from edgedet.config.section import Section


class HttpSettings(Section):
    """Where to listen; `off` for nowhere."""

    listen: str = Field(default="off", pattern=r"^(off|[^\s:]*:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5})$")

    @model_validator(mode="before")
    @classmethod
    def _bare_off(cls, value: object) -> object:
        if value is False or value == "off":
            return {"listen": "off"}
        if isinstance(value, dict) and value.get("listen") is False:
            return {**value, "listen": "off"}
        return value
