"""What a network costs: parameters, and arithmetic for a picture."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from train.model.network import DetectionNetwork, build_model
from train.model.reparameterise import fuse


@dataclass(frozen=True, slots=True)
class Cost:
    """Parameters, and 1e9 operations (2 for a multiply-add) of all convolutions for a picture."""

    parameters: int
    gflops: float


def measure_cost(model: DetectionNetwork, image_hw: tuple[int, int]) -> Cost:
    """The cost of `model` in its present form and mode; with shapes alone, nothing is computed.

    In train mode the convolutions of an auxiliary head count too.
    """
    shell = model if next(model.parameters()).is_meta else _shell(model)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        shell(torch.empty(1, 3, *image_hw, device="meta"))
    parameters = sum(p.numel() for p in shell.parameters())
    return Cost(parameters, counter.get_total_flops() / 1e9)


def _shell(model: DetectionNetwork) -> DetectionNetwork:
    """A network of the same layers without numbers in them."""
    with torch.device("meta"):
        shell = build_model(model.architecture, model.num_classes, head=model.head.kind)
    return (fuse(shell) if model.fused else shell).train(model.training)
