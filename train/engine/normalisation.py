"""Running statistics that are good from the first steps on, and the same in every process."""

from collections.abc import Iterator

import torch
from torch import nn

from train.model.blocks import BATCH_NORM_MOMENTUM


class NormalisationStart:
    """Lets running statistics of fresh layers start as a plain mean over their first steps.

    With YOLOv7's momentum of 0.03 the initial values (mean 0, variance 1) still weigh 6 % after
    94 steps, and a network that detects well with batch statistics scores an AP of 0. So the
    momentum of a layer is 1 / (batches it has seen + 1) until it reaches the network's own. A
    layer whose statistics came from a checkpoint has seen many and keeps them.
    """

    def __init__(self, model: nn.Module) -> None:
        """Read from `model` what each layer has seen; layers in eval mode are left alone."""
        self._fresh: dict[nn.BatchNorm2d | nn.SyncBatchNorm, int] = {}
        for module in _normalisations(model):
            seen = module.num_batches_tracked
            count = 0 if seen is None else int(seen)
            module.momentum = BATCH_NORM_MOMENTUM
            if module.training and count + 1 < 1 / BATCH_NORM_MOMENTUM:
                self._fresh[module] = count

    def before_step(self) -> None:
        """Set the momentum of the layers that are still fresh; nothing to do for the others."""
        for module, seen in list(self._fresh.items()):
            module.momentum = max(BATCH_NORM_MOMENTUM, 1 / (seen + 1))
            self._fresh[module] = seen + 1
            if module.momentum == BATCH_NORM_MOMENTUM:
                del self._fresh[module]


def running_statistics(model: nn.Module) -> list[torch.Tensor]:
    """Running means and variances of the layers that are learning them."""
    return [
        statistic
        for module in _normalisations(model)
        if module.training
        for statistic in (module.running_mean, module.running_var)
        if statistic is not None
    ]


def _normalisations(model: nn.Module) -> Iterator[nn.BatchNorm2d | nn.SyncBatchNorm]:
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.SyncBatchNorm):
            yield module
