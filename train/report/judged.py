"""A picture as it stands at one threshold: what is left of its detections, and the mistakes."""

from dataclasses import dataclass
from typing import TypeVar

from typing_extensions import Self

from train.evaluate.errors import PictureErrors, above, picture_errors
from train.evaluate.inference import PictureResult

Kind = TypeVar("Kind", bound="JudgedPicture")


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPicture:
    """A picture with its detections from a score on, and their mistakes."""

    result: PictureResult
    errors: PictureErrors

    @classmethod
    def of(cls, result: PictureResult, score: float) -> Self:
        """`result` as it is when only detections of at least `score` count."""
        found = above(result.found, score)
        shown = PictureResult(result.sample, found, result.truth_xyxy, result.truth_classes)
        return cls(shown, picture_errors(found, result.truth_xyxy, result.truth_classes))
