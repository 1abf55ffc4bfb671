"""The optimiser and its three groups of parameters."""

import torch
from torch import nn

from train.config import Recipe
from train.model.head import Implicit

DECAYED = 1
BIASES = 2


def parameter_groups(
    model: nn.Module,
) -> tuple[list[nn.Parameter], list[nn.Parameter], list[nn.Parameter]]:
    """Every parameter once: normalisation weights and implicit tensors, other weights, biases.

    Only the second group is decayed; the third has a learning rate of its own during warm-up.
    Source: the original's recipe (61, 58 and 58 tensors for yolov7-tiny).
    """
    plain: list[nn.Parameter] = []
    decayed: list[nn.Parameter] = []
    biases: list[nn.Parameter] = []
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if name == "bias":
                biases.append(parameter)
            elif isinstance(module, nn.BatchNorm2d | Implicit):
                plain.append(parameter)
            else:
                decayed.append(parameter)
    return plain, decayed, biases


def make_optimizer(model: nn.Module, recipe: Recipe, batch_size: int) -> torch.optim.Optimizer:
    """SGD with Nesterov momentum, or AdamW, over the three groups.

    Weight decay is scaled by the share of the nominal batch that a step really sees.
    """
    accumulate = accumulation(recipe, batch_size)
    decay = recipe.weight_decay * batch_size * accumulate / recipe.nominal_batch
    plain, decayed, biases = parameter_groups(model)
    groups = [
        {"params": plain, "weight_decay": 0.0},
        {"params": decayed, "weight_decay": decay},
        {"params": biases, "weight_decay": 0.0},
    ]
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.lr0, betas=(recipe.momentum, 0.999))
    return torch.optim.SGD(groups, lr=recipe.lr0, momentum=recipe.momentum, nesterov=True)


def accumulation(recipe: Recipe, batch_size: int) -> int:
    """Batches to an optimiser step."""
    return max(round(recipe.nominal_batch / batch_size), 1)
