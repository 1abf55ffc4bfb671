"""An exponential moving average of the weights: what is evaluated, and what is kept."""

import copy
import math
from typing import Generic, TypeVar

import torch
from torch import nn

ModelT = TypeVar("ModelT", bound=nn.Module)


class ModelEma(Generic[ModelT]):
    """A copy of a model that follows it slowly, in float32.

    After update n the decay is `decay * (1 - exp(-n / tau))`, so that the first weights are
    forgotten soon. Every floating tensor of the state dict follows; counters are copied.
    """

    def __init__(self, model: ModelT, decay: float, tau: float, updates: int = 0) -> None:
        """Start from the model's present weights."""
        self.model = copy.deepcopy(model).eval().requires_grad_(requires_grad=False)
        self.updates = updates
        self._decay = decay
        self._tau = tau

    @torch.no_grad()
    def update(self, model: ModelT) -> None:
        """Move one step towards `model`."""
        self.updates += 1
        decay = self._decay * (1 - math.exp(-self.updates / self._tau))
        ours, theirs = self.model.state_dict(), model.state_dict()
        floating = [name for name, tensor in ours.items() if tensor.dtype.is_floating_point]
        counters = [name for name, tensor in ours.items() if not tensor.dtype.is_floating_point]
        torch._foreach_lerp_(
            [ours[name] for name in floating], [theirs[name] for name in floating], 1 - decay
        )
        if counters:
            mine, others = ([side[name] for name in counters] for side in (ours, theirs))
            torch._foreach_copy_(mine, others)
