"""What a simulated camera can be told to do, in scenarios and over its standard input."""

from typing import Literal

from pydantic import Field, model_validator

from edgedet.config.section import Section

CameraDeed = Literal[
    "drop", "off", "on", "hang", "resume", "stall", "freeze", "flow", "show", "corrupt", "lose",
    "burst", "speed", "mid_gop", "password", "slow", "clock",
]  # fmt: skip
RtspRequest = Literal["describe", "setup", "play"]

_KEYS: dict[str, frozenset[str]] = {
    "show": frozenset({"pattern", "codec", "width", "height"}),
    "corrupt": frozenset({"for_s", "share"}),
    "lose": frozenset({"for_s", "share"}),
    "burst": frozenset({"for_s"}),
    "speed": frozenset({"factor"}),
    "password": frozenset({"username", "password"}),
    "slow": frozenset({"request", "by_s"}),
    "clock": frozenset({"offset_s"}),
}


class CameraCommand(Section):
    """One deed, and how. Keys that a deed does not know are refused."""

    do: CameraDeed
    pattern: str | None = Field(default=None, min_length=1, max_length=64)
    codec: Literal["h264", "h265", "jpeg"] | None = None
    width: int | None = Field(default=None, ge=64, le=3840)
    height: int | None = Field(default=None, ge=64, le=2160)
    for_s: float = Field(default=3600, gt=0, le=3600)
    share: float = Field(default=0.5, gt=0, le=1)
    """How many of the frames are hit."""
    factor: float = Field(default=1, ge=0.01, le=100)
    """How many times its own rate."""
    username: str = Field(default="viewer", max_length=64)
    password: str = Field(default="", max_length=64)
    request: RtspRequest = "setup"
    by_s: float = Field(default=5, ge=0, le=120)
    offset_s: float = Field(default=0, ge=-1e9, le=1e9)

    @model_validator(mode="after")
    def _knows_its_keys(self) -> "CameraCommand":
        known = _KEYS.get(self.do, frozenset())
        extra = sorted(self.model_fields_set - known - {"do", "id"})
        if extra:
            expected = ", ".join(sorted(known)) or "nothing else"
            msg = f"'do: {self.do}' takes {expected}; unknown: {', '.join(extra)}"
            raise ValueError(msg)
        return self
