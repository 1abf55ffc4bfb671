"""Settings `sources`: the cameras and files to watch."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from edgedet.config.section import ConfigPath, Section, Slug, shown

SCHEMES = ("rtsp", "rtsps", "file", "v4l2", "test")


class SourceSettings(Section):
    """One camera or file."""

    id: Slug
    uri: Annotated[str, Field(min_length=1, max_length=2048)]
    username: str | None = None
    password_file: ConfigPath | None = None
    max_fps: float | None = Field(default=None, gt=0, le=1000)
    """Detect at most so many frames a second; ignored for `realtime: false`, which loses none."""
    priority: float = Field(default=1.0, ge=0.01, le=100)
    """Share of the detector when it cannot do all: 2 gets twice the rate of 1."""
    realtime: bool = True
    """Files only: at the file's own rate, late frames dropped; false: all, as fast as possible."""
    loop: bool = False
    """Files only: start again at the end."""
    stall_timeout_s: float = Field(default=10.0, gt=0, le=3600)
    """No decoded frame for so long: the source is stalled and opened again."""
    enabled: bool = True

    @field_validator("uri")
    @classmethod
    def _has_known_scheme(cls, uri: str) -> str:
        scheme, separator, rest = uri.partition("://")
        if not separator or scheme not in SCHEMES or not rest:
            known = ", ".join(f"{scheme}://…" for scheme in SCHEMES)
            msg = f"'{shown(uri)}' is not a source; expected one of {known}"
            raise ValueError(msg)
        if scheme in {"file", "v4l2"} and not rest.startswith(("/", "localhost/")):
            msg = (
                f"'{shown(uri)}' must name an absolute path, as in {scheme}:///path (three slashes)"
            )
            raise ValueError(msg)
        return uri

    @model_validator(mode="after")
    def _file_settings_for_files(self) -> "SourceSettings":
        if not self.uri.startswith("file://") and (self.loop or not self.realtime):
            if self.uri.startswith("test://") and not self.loop:
                return self
            msg = "realtime: false and loop: true are for file:// sources"
            raise ValueError(msg)
        return self

    @property
    def is_finite(self) -> bool:
        """Whether the source ends by itself: a file, or a test pattern of so many frames."""
        if self.uri.startswith("test://"):
            return "frames=" in self.uri.partition("?")[2]
        return self.uri.startswith("file://") and not self.loop

    @property
    def is_lossless(self) -> bool:
        """Whether every frame must be detected, however long that takes."""
        return not self.realtime
