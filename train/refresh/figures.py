"""What is compared: the old and the new model side by side, as values."""

from dataclasses import dataclass

POINTS = 100.0  # a point of AP is a hundredth


@dataclass(frozen=True, slots=True)
class Line:
    """AP@50:95 of both models on some objects.

    `old` is None where the old model does not know the class. `interval`: where 95 % of the gains
    lie when pictures are drawn anew, from low to high; None where that cannot be said.
    """

    name: str
    pictures: int
    objects: int
    old: float | None
    new: float
    interval: tuple[float, float] | None = None

    @property
    def gain_points(self) -> float | None:
        """Points that the new model gains; None where there is no old value."""
        return None if self.old is None else POINTS * (self.new - self.old)

    @property
    def may_be_chance(self) -> bool:
        """Whether other pictures might have said the opposite, or nobody can tell."""
        return self.interval is None or self.interval[0] <= 0 <= self.interval[1]

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        gain = self.gain_points
        return {
            "name": self.name,
            "pictures": self.pictures,
            "objects": self.objects,
            "old": self.old,
            "new": self.new,
            "gain_points": None if gain is None else round(gain, 4),
            "interval_points": None
            if self.interval is None
            else [round(POINTS * each, 4) for each in self.interval],
        }


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """Precision and recall at the device's own score threshold, IoU 0.5, all classes together."""

    threshold: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class SetComparison:
    """Both models on one set. `whole`, `ap50` and `cameras` count classes that both know."""

    title: str
    whole: Line
    ap50: Line
    classes: tuple[Line, ...]
    cameras: tuple[Line, ...]
    old_at: AtThreshold
    new_at: AtThreshold

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {
            "ap": self.whole.to_json(),
            "ap50": self.ap50.to_json(),
            "classes": [line.to_json() for line in self.classes],
            "cameras": [line.to_json() for line in self.cameras],
            "score_threshold": self.old_at.threshold,
            "precision": {"old": self.old_at.precision, "new": self.new_at.precision},
            "recall": {"old": self.old_at.recall, "new": self.new_at.recall},
        }
