"""Settings `sources[].picture`: whether what comes is a picture of the scene."""

from pydantic import Field, model_validator

from edgedet.config.section import Section


class PictureSettings(Section):
    """When a camera that delivers frames is degraded all the same: the picture stands, or is black.

    Cameras alone are watched; files and test patterns may show what they like.
    """

    enabled: bool = True
    frozen_after_s: float = Field(default=30.0, ge=2, le=86400)
    """No pixel has changed for so long. Sensor noise and a clock in the picture change some."""
    reopen_after_s: float = Field(default=300.0, ge=0, le=86400)
    """A frozen camera is opened again after so long, once for each picture; 0: never."""
    black_after_s: float = Field(default=10.0, ge=2, le=86400)
    black_level: int = Field(default=32, ge=0, le=255)
    """Luma up to which a pixel counts as black: 16 is black in most videos, and there is noise."""

    @model_validator(mode="after")
    def _reopens_what_is_frozen(self) -> "PictureSettings":
        if 0 < self.reopen_after_s < self.frozen_after_s:
            msg = (
                f"reopen_after_s ({self.reopen_after_s:g}) must not be below frozen_after_s"
                f" ({self.frozen_after_s:g}), or be 0 for never"
            )
            raise ValueError(msg)
        return self
