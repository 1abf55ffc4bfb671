"""Settings `rollout`: how a model takes over while the service runs, and who may ask for one."""

from pathlib import Path

from pydantic import Field, field_validator

from edgedet.config.addresses import split_address
from edgedet.config.section import Section, shown
from edgedet.paths import problem_of_path


class BandSettings(Section):
    """How far a new model may be from the one in use: outside, it is refused or taken back.

    0 asks nothing.
    """

    min_agreement: float = Field(default=0.5, ge=0, le=1)
    """On the same frames: of all objects that the two models see, the part that both do."""
    max_latency: float = Field(default=1.5, ge=0, le=1000)
    """The time for a picture, as a multiple of the old model's."""
    min_rate: float = Field(default=0.5, ge=0, le=1)
    """Objects in the same frames, as a multiple of what the old model sees."""
    max_rate: float = Field(default=2.0, ge=0, le=1000)
    min_watch_rate: float = Field(default=0.1, ge=0, le=1)
    """Objects a frame of a source while it is watched, as a multiple of what is to be expected:
    the frames are others than before, so that what happens in them makes a difference too."""
    max_watch_rate: float = Field(default=10.0, ge=0, le=1000)


class RolloutSettings(Section):
    """How a model is proven on this device before it may stay."""

    desired: bool = False
    """Follow the retained topic `desired/model`."""
    allow_from: list[str] = Field(default_factory=list, max_length=64)
    """Where bundles may come from that somebody asks for over MQTT: prefixes of addresses, or
    folders. Empty: from nowhere, so that only what is installed can be activated."""
    require_signature: bool = True
    """Of such bundles; needs `model.public_key_file`."""
    shadow_s: float = Field(default=60.0, ge=0, le=86_400)
    """So long the new model looks at the same frames as the old one, without being heard."""
    watch_minutes: float = Field(default=30.0, ge=0, le=10_080)
    """So long it is watched after it took over."""
    keep_models: int = Field(default=3, ge=1, le=1000)
    """So many of the newest installed models stay, besides those in use, before it and desired;
    the others are removed, with their engines."""
    band: BandSettings = BandSettings()

    @field_validator("allow_from")
    @classmethod
    def _are_places(cls, places: list[str]) -> list[str]:
        for place in places:
            _check_place(place)
        return places


def _check_place(place: str) -> None:
    """Raises ValueError for what is neither a folder nor the begin of addresses."""
    if "://" not in place:
        path = Path(place)
        if not path.is_absolute() or ".." in path.parts:
            msg = f"expected https://host/path/ or an absolute folder, got '{shown(place)}'"
            raise ValueError(msg)
        if problem := problem_of_path(path):
            raise ValueError(problem)
        return
    parts = split_address(place)
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        msg = "expected https://host/path/ or an absolute folder, without credentials or a query"
        raise ValueError(msg)
    if not parts.path.endswith("/"):
        msg = f"expected a / at the end, so that no other name begins so, got '{shown(place)}'"
        raise ValueError(msg)
