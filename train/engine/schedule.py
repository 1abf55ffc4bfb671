"""Learning rate, momentum and picture size over a run; pure functions of the step."""

import math
from dataclasses import dataclass

import torch

from train.config import Recipe
from train.engine.optimizer import BIASES

_STRIDE = 32


@dataclass(frozen=True, slots=True)
class Schedule:
    """When what changes. A step is a batch; `steps_per_epoch` batches make an epoch."""

    recipe: Recipe
    epochs: int
    steps_per_epoch: int

    @property
    def warmup_steps(self) -> int:
        """Steps of linear warm-up, at most the recipe's share of the run."""
        wanted = self.recipe.warmup_epochs * self.steps_per_epoch
        wanted = max(wanted, self.recipe.warmup_min_steps)
        limit = self.recipe.warmup_max_share * self.epochs * self.steps_per_epoch
        return round(min(wanted, limit))

    def lr_factor(self, step: int) -> float:
        """Cosine from 1 to `lrf` over the whole run, by step."""
        share = min(step / max(self.epochs * self.steps_per_epoch, 1), 1.0)
        return ((1 - math.cos(math.pi * share)) / 2) * (self.recipe.lrf - 1) + 1

    def apply(self, optimizer: torch.optim.Optimizer, step: int) -> None:
        """Set learning rates and momentum for `step`."""
        target = self.recipe.lr0 * self.lr_factor(step)
        warm = min(step / self.warmup_steps, 1.0) if self.warmup_steps else 1.0
        for index, group in enumerate(optimizer.param_groups):
            start = self.recipe.warmup_bias_lr if index == BIASES and "momentum" in group else 0.0
            group["lr"] = start + (target - start) * warm
            if "momentum" in group:
                low = self.recipe.warmup_momentum
                group["momentum"] = low + (self.recipe.momentum - low) * warm

    def accumulation(self, step: int, full: int) -> int:
        """Batches to an optimiser step: grows from 1 to `full` during warm-up."""
        if step >= self.warmup_steps:
            return full
        return max(round(1 + (full - 1) * step / self.warmup_steps), 1)

    def image_size(self, epoch: int, final_size: int) -> int:
        """The picture size of an epoch: a multiple of 32 that grows to `final_size`."""
        growing = self.epochs * (1 - self.recipe.full_size_share)
        if self.recipe.progressive_size >= 1 or epoch >= growing:
            return final_size
        first = self.recipe.progressive_size * final_size
        size = first + (final_size - first) * epoch / growing
        return min(max(round(size / _STRIDE), 1) * _STRIDE, final_size)

    def has_mosaic(self, epoch: int) -> bool:
        """Whether an epoch sees mosaics."""
        return epoch < self.epochs * (1 - self.recipe.close_mosaic)
