"""Running statistics that are good from the first steps on, and the same in every process."""

from collections.abc import Iterator

import torch
from torch import nn

from edgedet.errors import ConfigError
from train.data.batches import BatchSizes
from train.engine.plan import RunPlan
from train.engine.schedule import Schedule
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


def is_settled(model: nn.Module) -> bool:
    """Whether no layer of `model` has the momentum of a start any more."""
    return all(module.momentum == BATCH_NORM_MOMENTUM for module in _normalisations(model))


def refuse_single_values(plan: RunPlan, schedule: Schedule, pictures: int, processes: int) -> None:
    """A single value has no variance: one picture, with one cell at the last level.

    Raises:
        ConfigError: if a batch of a run over `pictures` pictures may be so small in a process.
    """
    left = pictures % plan.batch_size or plan.batch_size
    first = schedule.image_size(0, plan.image_size)
    spread = plan.recipe.multi_scale
    side = BatchSizes(first, spread, plan.seed, 0, schedule.stride).smallest
    if side <= schedule.stride and left < 2 * processes:
        msg = (
            f"a batch of one picture at {side} px has nothing to normalise by: of {pictures} "
            f"pictures in batches of {plan.batch_size} the last has {left}, for {processes} "
            f"processes, and pictures are as small as {side} px; use another --batch-size, or "
            "larger pictures (--image-size, progressive_size, multi_scale)"
        )
        raise ConfigError(msg)


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
