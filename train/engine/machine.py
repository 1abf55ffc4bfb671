"""What a run is computed on: device and numbers, processes, and a compiler if one is wanted."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from edgedet.errors import UsageError
from train.engine.normalisation import is_settled
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
    return _CompiledOnceSettled(network)


class _CompiledOnceSettled(nn.Module):
    """A network that is called as it is while its normalisation starts, and compiled from then on.

    Each of the first steps of fresh layers has another momentum (`NormalisationStart`), which the
    compiler takes for a constant: it would compile anew eight times, and then never again.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network
        self._compiled: Callable[..., object] = torch.compile(network)

    def forward(self, *inputs: torch.Tensor) -> object:
        """What the network gives."""
        is_ready = is_settled(self._network)
        return self._compiled(*inputs) if is_ready else self._network(*inputs)


def _probe(values: torch.Tensor) -> torch.Tensor:
    return values.sin() * 2 + values
