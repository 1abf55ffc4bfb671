"""What each command takes, as its sender writes it into `args`; unknown keys are refused."""

from typing import Annotated

from pydantic import Field, model_validator

from edgedet.config.section import Section, Slug

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, in hexadecimal."""


class NoArguments(Section):
    """Of `rebirth`, `reload`, `models-rollback` and `models-list`."""


class SourceArguments(Section):
    """Of `pause` and `resume`."""

    source: Slug | None = None
    """Its id; without it, all sources."""


class SnapshotArguments(Section):
    """Of `snapshot`."""

    source: Slug
    """Its id."""


class SampleArguments(Section):
    """Of `sample`."""

    source: Slug
    """Its id."""


class ThresholdArguments(Section):
    """Of `set-threshold`; at least one of them. Null: as the configuration says."""

    score_threshold: float | None = Field(default=None, ge=0, le=1)
    """Objects with less are left out."""
    iou_threshold: float | None = Field(default=None, ge=0, le=1)
    """Overlap above which the weaker of two boxes goes."""

    @model_validator(mode="after")
    def _has_one(self) -> "ThresholdArguments":
        if not self.model_fields_set:
            msg = "expected score_threshold, iou_threshold or both"
            raise ValueError(msg)
        return self


class ModelArguments(Section):
    """Of `models-activate`."""

    model: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,127}$")
    """The id of an installed model, or `configured`."""
    sha256: Digest | None = None
    """Its digest, to be sure."""


class InstallArguments(Section):
    """Of `models-install`."""

    url: str = Field(min_length=1, max_length=2000)
    """Of an archive, or of a folder with a manifest; or a folder or archive on the device."""
    sha256: Digest
    """The digest of the bundle's manifest.json."""
    activate: bool = False
    """Also use it, if it is proven."""


ARGUMENTS: dict[str, type[Section]] = {
    "pause": SourceArguments,
    "resume": SourceArguments,
    "snapshot": SnapshotArguments,
    "set-threshold": ThresholdArguments,
    "reload": NoArguments,
    "rebirth": NoArguments,
    "sample": SampleArguments,
    "models-install": InstallArguments,
    "models-activate": ModelArguments,
    "models-rollback": NoArguments,
    "models-list": NoArguments,
}
