"""A scripted camera of a scenario, and what the runtime tells it."""

from pydantic import Field, model_validator

from edgedet.config.section import Section, UserName
from edgedet.sim.camera_command import CameraCommand
from edgedet.sim.clip import Codec

_MAX_CLIP_PIXELS = 2_500_000_000  # ten seconds of 3840 x 2160 at 30 a second


class Login(Section):
    """What the runtime tells a camera."""

    username: UserName = Field(max_length=64)
    password: str = Field(max_length=64)


class CameraSettings(Section):
    """A scripted camera; the source of the same id reads it."""

    pattern: str = Field(default="ball", pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    codec: Codec = "h264"
    width: int = Field(default=160, ge=64, le=3840)
    height: int = Field(default=128, ge=64, le=2160)
    fps: int = Field(default=10, ge=1, le=120)
    seconds: int = Field(default=4, ge=1, le=60)
    """Length of the clip, which is sent round after round."""
    key_interval_s: float = Field(default=1.0, gt=0, le=60)
    audio: bool = False
    username: UserName | None = Field(default=None, max_length=64)
    """Asked for, with `password`; none: everybody is let in."""
    password: str = Field(default="", max_length=64)
    login: Login | None = None
    """What the runtime says; default: what is asked for."""
    at_start: list[CameraCommand] = Field(default_factory=list, max_length=20)

    @model_validator(mode="after")
    def _is_made_in_no_time(self) -> "CameraSettings":
        pixels = self.width * self.height * self.fps * self.seconds
        if pixels > _MAX_CLIP_PIXELS:
            msg = (
                f"the clip has {pixels / 1e6:.0f} million pixels, which take minutes to encode;"
                f" expected at most {_MAX_CLIP_PIXELS / 1e6:.0f}: smaller, slower or shorter"
            )
            raise ValueError(msg)
        return self
