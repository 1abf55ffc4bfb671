"""Settings `sources[].objects` and `track`: what counts as an object, and following it."""

from typing import Literal

from pydantic import Field

from edgedet.config.places import ClassName, Polygon, Score
from edgedet.config.section import Section


class ObjectSettings(Section):
    """Which detections of a source count. Everything else is as if it had not been detected."""

    classes: tuple[ClassName, ...] | None = Field(default=None, min_length=1)
    """Only these classes of the model; default: all."""
    score_threshold: Score | None = None
    """Instead of model.score_threshold, for this source."""
    class_score_thresholds: dict[ClassName, Score] = {}
    """Thresholds for single classes of this source."""
    masks: tuple[Polygon, ...] = Field(default=(), max_length=64)
    """Parts of the picture to ignore: objects whose anchor is in one do not count."""
    anchor: Literal["bottom", "centre"] = "bottom"
    """The point of a box that masks, zones and lines ask for: where feet and wheels are, or the
    centre, for cameras that look straight down."""


class TrackSettings(Section):
    """Following the objects of a source from frame to frame."""

    enabled: bool = True
    lost_s: float = Field(default=4.0, ge=0.1, le=60)
    """An object that is not seen keeps its identity for so long."""
    settle_s: float = Field(default=0.3, ge=0, le=60)
    """A zone counts as entered or left, a line as crossed, once that has been so for so long."""
    update_s: float = Field(default=10.0, ge=0, le=3600)
    """Tell about every object again each so many seconds; 0: only when it comes and goes."""
    uses_colours: bool = True
    """Tell objects that meet apart by their colours too."""
