"""Learning rate, momentum and picture size over a run; pure functions of step and scores."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from train.config import Recipe
from train.data.loader import EpochPlan


@dataclass(frozen=True, slots=True)
class Schedule:
    """When what changes. A step is a batch; `steps_per_epoch` batches make an epoch.

    `stride` is the network's largest: every picture size is a multiple of it.
    """

    recipe: Recipe
    epochs: int
    steps_per_epoch: int
    stride: int = 32

    @property
    def warmup_steps(self) -> int:
        """Steps of linear warm-up, at most the recipe's share of the run."""
        wanted = self.recipe.warmup_epochs * self.steps_per_epoch
        wanted = max(wanted, self.recipe.warmup_min_steps)
        limit = self.recipe.warmup_max_share * self.epochs * self.steps_per_epoch
        return round(min(wanted, limit))

    def lr_factor(self, step: int, fitnesses: Sequence[float] = ()) -> float:
        """What `lr0` is multiplied by at `step`, warm-up aside.

        Args:
            step: Batches seen.
            fitnesses: Of the epochs scored so far; only `plateau` looks at them.
        """
        recipe = self.recipe
        share = min(step / max(self.epochs * self.steps_per_epoch, 1), 1.0)
        match recipe.schedule:
            case "cosine":
                return ((1 - math.cos(math.pi * share)) / 2) * (recipe.lrf - 1) + 1
            case "linear":
                return 1 + (recipe.lrf - 1) * share
            case "step":
                return recipe.step_factor ** sum(share >= at for at in recipe.step_at)
            case "plateau":
                drops = plateau_drops(fitnesses, recipe.plateau_patience)
                return max(recipe.plateau_factor**drops, recipe.lrf)

    def apply(
        self, optimizer: torch.optim.Optimizer, step: int, fitnesses: Sequence[float] = ()
    ) -> None:
        """Set learning rates and momentum for `step`."""
        target = self.recipe.lr0 * self.lr_factor(step, fitnesses)
        warm = min(step / self.warmup_steps, 1.0) if self.warmup_steps else 1.0
        for group in optimizer.param_groups:
            has_momentum = "momentum" in group
            is_raised = group["role"] == "bias" and has_momentum
            start = self.recipe.warmup_bias_lr if is_raised else 0.0
            group["lr"] = (start + (target - start) * warm) * group["lr_scale"]
            if has_momentum:
                low = self.recipe.warmup_momentum
                group["momentum"] = low + (self.recipe.momentum - low) * warm

    def accumulation(self, step: int, full: int) -> int:
        """Batches to an optimiser step: grows from 1 to `full` during warm-up."""
        if step >= self.warmup_steps:
            return full
        return max(round(1 + (full - 1) * step / self.warmup_steps), 1)

    def image_size(self, epoch: int, final_size: int) -> int:
        """The picture size of an epoch: a multiple of the stride that grows to `final_size`."""
        growing = self.epochs * (1 - self.recipe.full_size_share)
        if self.recipe.progressive_size >= 1 or epoch >= growing:
            return final_size
        first = self.recipe.progressive_size * final_size
        size = first + (final_size - first) * epoch / growing
        return min(max(round(size / self.stride), 1) * self.stride, final_size)

    def has_mosaic(self, epoch: int) -> bool:
        """Whether an epoch sees mosaics."""
        return epoch < self.epochs * (1 - self.recipe.close_mosaic)

    def epoch_plan(self, epoch: int, final_size: int) -> EpochPlan:
        """What the data set needs to know of an epoch.

        While pictures are smaller than `final_size` they zoom in by as much, so that objects are
        seen as large as they will be in the end.
        """
        size = self.image_size(epoch, final_size)
        mosaic = self.has_mosaic(epoch)
        return EpochPlan(epoch, size, mosaic=mosaic, stride=self.stride, zoom=final_size / size)


def plateau_drops(fitnesses: Sequence[float], patience: int) -> int:
    """How often `patience` scored epochs went by without a better one.

    >>> plateau_drops([0.1, 0.3, 0.2, 0.3, 0.3, 0.3], patience=2)
    2
    """
    best, waited, drops = float("-inf"), 0, 0
    for fitness in fitnesses:
        if fitness > best:
            best, waited = fitness, 0
            continue
        waited += 1
        if waited == patience:
            drops, waited = drops + 1, 0
    return drops


def epochs_since_best(fitnesses: Sequence[float]) -> int:
    """Scored epochs after the best one (the first, of equals); 0 if there are none.

    >>> epochs_since_best([0.1, 0.3, 0.2, 0.3])
    2
    """
    if not fitnesses:
        return 0
    return len(fitnesses) - 1 - max(range(len(fitnesses)), key=fitnesses.__getitem__)
