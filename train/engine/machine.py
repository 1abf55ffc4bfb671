"""What a run is computed on: device and numbers, processes, and a compiler if one is wanted."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from edgedet.errors import UsageError
from train.engine.precision import Precision
from train.engine.world import ALONE, World

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run is computed on.

    Attributes:
        precision: Device and numbers.
        world: The processes.
        prepare: Makes the network faster to call: a compiler.
        sync_bn: Normalise over the batch of all processes; needs CUDA.
    """

    precision: Precision
    world: World = ALONE
    prepare: Callable[[nn.Module], nn.Module] = lambda network: network
    sync_bn: bool = False

    def __post_init__(self) -> None:
        """Refuse what the device does not have.

        Raises:
            UsageError: if `sync_bn` is wanted without CUDA.
        """
        if self.sync_bn and self.precision.device.type != "cuda":
            msg = (
                f"--sync-bn needs CUDA cards, the device is {self.precision.device}: there each "
                "process normalises by its own part of the batch; leave it out"
            )
            raise UsageError(msg)

    def network(self, model: nn.Module) -> nn.Module:
        """`model` as a run calls it; parameters and their names stay."""
        if self.sync_bn:
            nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return self.prepare(model)


def use_channels_last(model: nn.Module) -> None:
    """Lay the weights of convolutions out as they are computed with; other tensors stay."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def compiled(network: nn.Module) -> nn.Module:
    """`network` through torch.compile; as it was, with a warning, where no compiler works.

    The same parameters, so checkpoints know nothing of it. The first step takes a minute.
    """
    device = next(network.parameters()).device
    try:
        torch.compile(_probe)(torch.ones(8, device=device))
    except Exception as exc:  # noqa: BLE001 - whatever the compiler of the day raises
        reason = str(exc).strip().split("\n")[0]
        logger.warning("--compile: no compiler works here (%s); training without it", reason)
        return network
    torch.compiler.reset()
    made: nn.Module = torch.compile(network)  # type: ignore[assignment]
    return made


def _probe(values: torch.Tensor) -> torch.Tensor:
    return values.sin() * 2 + values
