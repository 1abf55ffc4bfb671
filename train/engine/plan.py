"""What a run is to do, and what it is chosen by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from train.config import Recipe
from train.loss import DetectionLoss, LossFactory

_DECISIVE_FACTS = ("teacher", "calibration_sha256")
AP50_SHARE = 0.1  # fitness of an epoch, as in the original: 0.1 AP@50 + 0.9 AP@50:95


@dataclass(frozen=True, slots=True)
class Scores:
    """AP@50 and AP@50:95 of an epoch; `class_ap` is AP@50:95 by class id where it is known."""

    ap50: float
    ap: float
    class_ap: tuple[float, ...] = ()

    @property
    def fitness(self) -> float:
        """What `best.pt` is chosen by."""
        return AP50_SHARE * self.ap50 + (1 - AP50_SHARE) * self.ap


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What to train, on what, for how long.

    Attributes:
        facts: Travel into the checkpoints' metadata. A run with a `teacher` or the scales of a
            calibration among them is resumed with the same ones only.
        loss: Makes what is minimised.
    """

    recipe: Recipe
    class_names: tuple[str, ...]
    epochs: int
    image_size: int
    batch_size: int
    seed: int = 0
    workers: int = 1
    evaluate_every: int = 1
    save_every_s: float = 900.0
    facts: Mapping[str, object] = field(default_factory=dict)
    loss: LossFactory = DetectionLoss

    def identity(self) -> dict[str, object]:
        """Whatever changes the weights that come out: a run may be resumed by its equal only."""
        recipe = self.recipe
        listens = recipe.patience > 0 or recipe.schedule == "plateau" or recipe.image_weights
        return {key: self.facts[key] for key in _DECISIVE_FACTS if key in self.facts} | {
            # as a checkpoint gives it back
            "recipe": recipe.model_dump(),
            "epochs": self.epochs,
            "image_size": self.image_size,
            "batch_size": self.batch_size,
            "seed": self.seed,
            "data_id": str(self.facts.get("data_id", "")),
            "evaluate_every": self.evaluate_every if listens else 0,
        }
