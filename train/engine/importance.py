"""How much each channel matters to the loss, estimated on training pictures."""

from collections.abc import Callable, Iterable
from typing import Literal, cast

import torch
from torch import Tensor, nn

from train.data.loader import Batch
from train.loss import DetectionLoss
from train.model import DetectionNetwork
from train.model.blocks import BATCH_NORM_MOMENTUM
from train.model.channels import map_channels

Criterion = Literal["taylor", "gamma"]


def gamma_importance(model: DetectionNetwork) -> dict[int, Tensor]:
    """For each group the sizes of the normalisation's factors, summed over what makes the group.

    Source: Liu et al., Learning Efficient Convolutional Networks through Network Slimming (2017).
    """
    return _by_group(model, lambda bn: bn.weight.detach().abs())


def taylor_importance(
    model: DetectionNetwork, loss_of: DetectionLoss, batches: Iterable[Batch]
) -> dict[int, Tensor]:
    """For each group how much the loss would change without a channel, to first order.

    Weights and statistics stay as they are. Source: Molchanov et al., Importance Estimation for
    Neural Network Pruning (2019), equation 8, with the gate behind the normalisation: the squared
    sum of weight x gradient over its factor and bias, averaged over batches.
    """
    device = next(model.parameters()).device
    model.eval()
    model.head.train()  # raw maps, and the statistics of eval mode
    total: dict[int, Tensor] = {}
    for images, targets in batches:
        model.zero_grad(set_to_none=True)
        inputs = images.to(device).float().div_(255)
        loss, _ = loss_of(cast("list[Tensor]", model(inputs)), targets.to(device), inputs)
        (loss / len(images)).backward()  # type: ignore[no-untyped-call]
        for group, value in _by_group(model, _first_order).items():
            total[group] = total.get(group, 0) + value.square()
    model.zero_grad(set_to_none=True)
    return total


@torch.no_grad()
def measure_statistics(model: DetectionNetwork, batches: Iterable[Batch]) -> None:
    """Replace the running statistics by the mean over `batches`: without channels they differ."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean
    device = next(model.parameters()).device
    model.train()
    for images, _ in batches:
        model(images.to(device).float().div_(255))
    for norm in norms:
        norm.momentum = BATCH_NORM_MOMENTUM
    model.eval()


def _first_order(norm: nn.BatchNorm2d) -> Tensor:
    change = torch.zeros_like(norm.weight)
    for parameter in (norm.weight, norm.bias):
        if parameter.grad is not None:
            change = change + (parameter * parameter.grad).detach()
    return change


def _by_group(
    model: DetectionNetwork, value_of: Callable[[nn.BatchNorm2d], Tensor]
) -> dict[int, Tensor]:
    channel_map = map_channels(model.architecture, auxiliary=model.has_auxiliary)
    found: dict[int, Tensor] = {}
    for conv in channel_map.convolutions:
        block = model.get_submodule(conv.name)
        for norm in (m for m in block.modules() if isinstance(m, nn.BatchNorm2d)):
            value = value_of(norm).cpu()
            found[conv.makes] = found[conv.makes] + value if conv.makes in found else value
    return found
