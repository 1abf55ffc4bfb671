"""Settings `sources`: the cameras and files to watch."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from edgedet.config.addresses import has_control_characters
from edgedet.config.objects import ObjectSettings, TrackSettings
from edgedet.config.picture import PictureSettings
from edgedet.config.places import LineSettings, ZoneSettings, doubled_names
from edgedet.config.section import ConfigPath, Section, Slug, UserName, shown

SCHEMES = ("rtsp", "rtsps", "file", "v4l2", "csi", "test")
_CAMERAS = ("rtsp", "rtsps", "v4l2", "csi")


class SourceSettings(Section):
    """One camera or file."""

    id: Slug
    uri: Annotated[str, Field(min_length=1, max_length=2048)]
    username: UserName | None = None
    password_file: ConfigPath | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    """Network cameras: how pictures travel. Over udp lost ones are not sent again."""
    tls_ca_file: ConfigPath | None = None
    """rtsps://: trust this certificate or authority (PEM), and no other."""
    tls_insecure: bool = False
    """rtsps://: do not check the camera's certificate."""
    max_fps: float | None = Field(default=None, gt=0, le=1000)
    """Detect at most so many frames a second; ignored for `realtime: false`, which loses none."""
    priority: float = Field(default=1.0, ge=0.01, le=100)
    """Share of the detector when it cannot do all: 2 gets twice the rate of 1."""
    realtime: bool = True
    """Files only: at the file's own rate, late frames dropped; false: all, as fast as possible."""
    loop: bool = False
    """Files only: start again at the end."""
    open_timeout_s: float = Field(default=10.0, gt=0, le=600)
    """From the opening to the first decoded frame; then the source is opened anew."""
    keyframe_timeout_s: float = Field(default=20.0, ge=0, le=600)
    """Cameras: damaged pictures are left out until the next keyframe, and at most so long."""
    stall_timeout_s: float = Field(default=10.0, gt=0, le=3600)
    """No decoded frame for so long: the source is stalled and opened again."""
    retry_max_s: float = Field(default=30.0, ge=1, le=3600)
    """The longest pause between two attempts to open a lost source."""
    picture: PictureSettings = PictureSettings()
    enabled: bool = True
    objects: ObjectSettings = ObjectSettings()
    track: TrackSettings = TrackSettings()
    zones: tuple[ZoneSettings, ...] = Field(default=(), max_length=64)
    lines: tuple[LineSettings, ...] = Field(default=(), max_length=64)

    @field_validator("uri")
    @classmethod
    def _has_known_scheme(cls, uri: str) -> str:
        scheme, separator, rest = uri.partition("://")
        if has_control_characters(uri):
            msg = "an address cannot hold control characters"
            raise ValueError(msg)
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

    @model_validator(mode="after")
    def _tls_for_rtsps(self) -> "SourceSettings":
        if not self.uri.startswith("rtsps://") and (self.tls_ca_file or self.tls_insecure):
            msg = "tls_ca_file and tls_insecure are for rtsps:// sources"
            raise ValueError(msg)
        if self.tls_ca_file and self.tls_insecure:
            msg = "tls_insecure checks no certificate, so that tls_ca_file would do nothing"
            raise ValueError(msg)
        if not self.uri.startswith(("rtsp://", "rtsps://")) and self.transport != "tcp":
            msg = "transport is for rtsp:// and rtsps:// sources"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _places_have_names_of_their_own(self) -> "SourceSettings":
        doubled = doubled_names((*self.zones, *self.lines))
        if doubled:
            msg = f"zones and lines need names of their own, given twice: {', '.join(doubled)}"
            raise ValueError(msg)
        if (self.zones or self.lines) and not self.track.enabled:
            msg = "zones and lines need track: {enabled: true}: they tell of objects over time"
            raise ValueError(msg)
        return self

    @property
    def is_camera(self) -> bool:
        """Whether a lens is behind it: what may freeze, go black, and have a clock of its own."""
        return self.uri.partition("://")[0] in _CAMERAS

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
