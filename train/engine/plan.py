"""What a run is to do, what it is chosen by, and who hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch

from train.config import Recipe
from train.engine.run_folder import EpochResult

AP50_SHARE = 0.1  # fitness of an epoch, as in the original: 0.1 AP@50 + 0.9 AP@50:95


@dataclass(frozen=True, slots=True)
class Scores:
    """AP@50 and AP@50:95 of an epoch."""

    ap50: float
    ap: float

    @property
    def fitness(self) -> float:
        """What `best.pt` is chosen by."""
        return AP50_SHARE * self.ap50 + (1 - AP50_SHARE) * self.ap


class Progress(Protocol):
    """Who is told how the run goes."""

    def epoch_started(self, epoch: int, images: int) -> None:
        """Epoch `epoch`, counted from 0, of `images` pictures begins."""
        ...

    def batch_done(self, images: int, components: torch.Tensor) -> None:
        """`images` more pictures were seen; `components` are box, obj, cls, total."""
        ...

    def epoch_done(self, result: EpochResult) -> None:
        """An epoch was trained and scored."""
        ...


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What to train, on what, for how long. `facts` travel into the checkpoints' metadata."""

    recipe: Recipe
    class_names: tuple[str, ...]
    epochs: int
    image_size: int
    batch_size: int
    seed: int = 0
    workers: int = 1
    evaluate_every: int = 1
    facts: Mapping[str, object] = field(default_factory=dict)

    def identity(self) -> dict[str, object]:
        """Whatever changes the weights that come out: a run may be resumed by its equal only."""
        return {
            "recipe": self.recipe.model_dump(),
            "epochs": self.epochs,
            "image_size": self.image_size,
            "batch_size": self.batch_size,
            "seed": self.seed,
            "data_id": str(self.facts.get("data_id", "")),
        }
