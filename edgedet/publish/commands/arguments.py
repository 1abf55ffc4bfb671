"""What each command takes, as its sender writes it into `args`; unknown keys are refused."""

from pydantic import Field, model_validator

from edgedet.config.section import Section, Slug


class NoArguments(Section):
    """Of `rebirth` and `reload`."""


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
    """Of `set-threshold`; at least one of them. They hold until the service ends."""

    score_threshold: float | None = Field(default=None, ge=0, le=1)
    """Objects with less are left out."""
    iou_threshold: float | None = Field(default=None, ge=0, le=1)
    """Overlap above which the weaker of two boxes goes."""

    @model_validator(mode="after")
    def _has_one(self) -> "ThresholdArguments":
        if self.score_threshold is None and self.iou_threshold is None:
            msg = "expected score_threshold, iou_threshold or both"
            raise ValueError(msg)
        return self


ARGUMENTS: dict[str, type[Section]] = {
    "pause": SourceArguments,
    "resume": SourceArguments,
    "snapshot": SnapshotArguments,
    "set-threshold": ThresholdArguments,
    "reload": NoArguments,
    "rebirth": NoArguments,
    "sample": SampleArguments,
}
