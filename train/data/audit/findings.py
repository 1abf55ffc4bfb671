"""What an audit can find, how bad each is, and what to do about it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

Severity = Literal["problem", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("problem", "warning", "note")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found.

    `line` of a label file counts from 1, 0: none. `other` is the picture that this one repeats,
    `box` the box in question (cx, cy, w, h as shares of the picture).
    """

    path: Path
    split: str = ""
    told: str = ""
    line: int = 0
    picture: Path | None = None
    other: Path | None = None
    box: tuple[float, ...] = ()

    def __str__(self) -> str:
        """As a compiler would say it: file, line, what."""
        where = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{where}: {self.told}" if self.told else where


@dataclass(frozen=True, slots=True)
class Finding:
    """Everything of one kind that was found; `advice` says what it does and what to do."""

    kind: str
    severity: Severity
    title: str
    advice: str
    places: tuple[Place, ...]

    def at(self, severity: Severity) -> "Finding":
        """The same, taken more or less seriously."""
        return replace(self, severity=severity)


def finding(kind: str, places: list[Place]) -> list[Finding]:
    """A finding of a kind from the list below; none where there is no place for it."""
    severity, title, advice = KINDS[kind]
    return [Finding(kind, severity, title, advice, tuple(places))] if places else []


KINDS: dict[str, tuple[Severity, str, str]] = {
    "missing-split": (
        "problem",
        "split missing or empty",
        (
            "Training needs train to learn from and val to score by. Correct data.yaml, or "
            "make the split with `train ingest`."
        ),
    ),
    "no-objects": (
        "problem",
        "no labels at all",
        (
            "Nothing can be learned without objects. Label files lie in labels/ where "
            "pictures lie in images/, with the same name and .txt."
        ),
    ),
    "corrupt-picture": (
        "problem",
        "pictures that cannot be decoded, or end too early",
        "Training stops at the first one. Copy them again; --fix moves them to quarantine/.",
    ),
    "unreadable-labels": (
        "problem",
        "label files that cannot be read",
        "They are no UTF-8 text, or may not be read.",
    ),
    "shared-labels": (
        "problem",
        "pictures that share a label file with another one",
        (
            "Names that differ by their suffix only have the same .txt, and its boxes can be true "
            "of one of them. Rename one, and label it."
        ),
    ),
    "not-a-row": (
        "problem",
        "label rows that are no rows of numbers",
        "Expected `class cx cy w h`, or `class x1 y1 x2 y2 …` for a polygon.",
    ),
    "unknown-class": (
        "problem",
        "label rows of a class that data.yaml does not name",
        "Add the class to names, or correct the row. Classes are counted from 0.",
    ),
    "no-size": (
        "problem",
        "boxes without a size",
        "Width or height is zero, negative or no number. --fix removes these rows.",
    ),
    "outside": (
        "problem",
        "boxes that leave the picture",
        (
            "Coordinates are shares of the picture, 0 to 1; pixels must be divided by its size. "
            "--fix clips boxes that stick out by at most 5 % of the picture."
        ),
    ),
    "same-picture-across-splits": (
        "problem",
        "the same picture in different splits",
        "The score on val counts pictures that were learned by heart. Keep each in one split.",
    ),
    "versions-across-splits": (
        "problem",
        "versions of one picture in different splits",
        "Roboflow made them from one source, so val is no test. Split before augmentation.",
    ),
    "near-picture-across-splits": (
        "warning",
        "pictures in different splits that look almost the same",
        (
            "The more there are, the less val says about new scenes. Split by time or by "
            "place (`train ingest … --group-by`)."
        ),
    ),
    "neighbours-across-splits": (
        "problem",
        "neighbouring frames of a clip in different splits",
        (
            "A frame and the next one are nearly the same, so val measures memory. Split by time: "
            "the beginning to train, the end to val."
        ),
    ),
    "class-only-scored": (
        "problem",
        "classes that are scored and never trained",
        "They have objects in val or test and none in train, so their AP will be 0.",
    ),
    "class-without-objects": (
        "warning",
        "classes without objects in a split",
        "Without objects in train a class is not learned, without objects in val it is not scored.",
    ),
    "rare-class": (
        "warning",
        "classes with fewer than 10 objects in train",
        "Too few to learn from; add pictures, or join the class with another one.",
    ),
    "tiny-picture": (
        "warning",
        "pictures smaller than 32 pixels",
        "Less than one cell of the coarsest grid; usually icons or thumbnails by mistake.",
    ),
    "repeated-row": (
        "warning",
        "label rows that repeat another one",
        "Read once. --fix removes the others.",
    ),
    "same-picture": (
        "warning",
        "the same picture more than once in a split",
        "It counts more than others; check that the labels agree.",
    ),
    "below-a-pixel": (
        "warning",
        "boxes smaller than a pixel of their own picture",
        "A slip of the mouse. --fix removes these rows.",
    ),
    "tiny-box": (
        "warning",
        "boxes of less than 2 pixels at the training size",
        (
            "Nothing of the object is left to learn from. Train at a larger --image-size, or leave "
            "such objects unlabelled."
        ),
    ),
    "thin-box": (
        "warning",
        "boxes more than 20 times as long as wide",
        "No anchor reaches them; often two points of a polygon, or a slip.",
    ),
    "whole-picture": (
        "warning",
        "boxes that cover nearly all of the picture",
        "At least 95 % of its area: sometimes right (close-ups), often a default of the tool.",
    ),
    "no-label-file": (
        "warning",
        "pictures without a label file",
        (
            "They count as background. If objects are in them, the network learns to miss those; "
            "an empty .txt says that a picture was looked at and has none."
        ),
    ),
    "label-without-picture": (
        "warning",
        "label files without a picture",
        "A picture was lost, renamed or moved.",
    ),
    "near-picture": (
        "note",
        "pictures that look almost the same as another one of their split",
        "They cost time and teach little; frames of a resting scene, or copies saved anew.",
    ),
    "background": (
        "note",
        "pictures without objects",
        "Up to a tenth of train is good against false alarms; much more slows learning down.",
    ),
}
