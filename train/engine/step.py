"""One optimiser step after another over an epoch: the inner loop, short enough to read."""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from edgedet.errors import DataError
from train.data.loader import Batch
from train.engine.ema import ModelEma
from train.engine.normalisation import NormalisationStart
from train.engine.precision import Precision
from train.engine.schedule import Schedule
from train.engine.world import ALONE, World
from train.loss import Loss
from train.model import DetectionNetwork

_DIVERGED = 100.0  # times the first loss of the run, or times 1 if that was less


class Batches(Protocol):
    """Batches whose number is known."""

    def __iter__(self) -> Iterator[Batch]:
        """One after another."""
        ...

    def __len__(self) -> int:
        """How many there are."""
        ...


class DivergedError(DataError):
    """The loss is not finite any more, or far beyond where it began."""

    def __init__(self, message: str, batch: int) -> None:
        """Keep the number of the batch in its epoch."""
        super().__init__(message)
        self.batch = batch


@dataclass(slots=True)
class Trainee:
    """Everything that changes while training: what a checkpoint must hold."""

    model: DetectionNetwork
    ema: ModelEma[DetectionNetwork]
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    step: int = 0
    first_loss: float | None = None


@dataclass(slots=True)
class Tally:
    """How far an epoch is: batches and pictures here, and the sums of the loss terms over them."""

    batches: int = 0
    images: int = 0
    sums: torch.Tensor = field(default_factory=lambda: torch.zeros(4))

    def add(self, terms: torch.Tensor, images: int) -> None:
        """Count a batch with the loss terms (box, obj, cls, total)."""
        self.batches += 1
        self.images += images
        self.sums = self.sums + terms * images


@dataclass(frozen=True, slots=True)
class EpochLoop:
    """What an epoch is trained by. `network` is the model as it is called: compiled, or in DDP."""

    network: nn.Module
    loss_of: Loss
    schedule: Schedule
    precision: Precision
    accumulate: int
    fitnesses: Sequence[float] = ()
    world: World = ALONE
    on_step: Callable[[Tally, torch.Tensor, int, bool], None] = lambda _t, _c, _n, _b: None
    """Told after each batch: the tally, the loss terms, the pictures, whether weights moved."""


def train_epoch(trainee: Trainee, batches: Batches, loop: EpochLoop, tally: Tally) -> None:
    """Train on every batch once, adding to `tally`; the model's mode is the caller's business.

    Raises:
        DivergedError: if the loss diverges; the message has its terms.
    """
    start = NormalisationStart(trainee.model)
    trainee.optimizer.zero_grad(set_to_none=True)
    pending, last = 0, len(batches)
    for number, (images, targets) in enumerate(batches, 1):
        loop.schedule.apply(trainee.optimizer, trainee.step, loop.fitnesses)
        start.before_step()
        trainee.step += 1
        pending += 1
        is_due = pending >= loop.schedule.accumulation(trainee.step, loop.accumulate)
        is_due = is_due or number == last
        with _no_exchange(loop.network, needed=is_due):
            terms = _backward(trainee, images, targets, loop, tally.batches)
        if is_due:
            _update(trainee, loop)
            pending = 0
        tally.add(terms, len(images))
        loop.on_step(tally, terms, len(images), is_due)


def _backward(
    trainee: Trainee, images: torch.Tensor, targets: torch.Tensor, loop: EpochLoop, batch: int
) -> torch.Tensor:
    device, autocast = loop.precision.device, loop.precision.autocast
    inputs = images.to(device, non_blocking=True).float().div_(255)
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=autocast, enabled=autocast is not None):
        outputs = loop.network(inputs)
    loss, components = loop.loss_of(outputs, targets.to(device, non_blocking=True), inputs)
    terms = components.float().cpu()
    _refuse_divergence(trainee, terms, batch)
    # summed over the accumulated batches, as in the original; DDP averages over processes
    loss = loss * loop.world.size if loop.world.size > 1 else loss
    trainee.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    return terms


def _refuse_divergence(trainee: Trainee, terms: torch.Tensor, batch: int) -> None:
    total = float(terms[3])
    if trainee.first_loss is None and math.isfinite(total):
        trainee.first_loss = total
    limit = _DIVERGED * max(trainee.first_loss or 1.0, 1.0)
    if math.isfinite(total) and total <= limit:
        return
    shown = ", ".join(f"{v:.4g}" for v in terms.tolist())
    how = "is not finite" if not math.isfinite(total) else f"has grown beyond {limit:.4g}"
    msg = f"the loss {how} at step {trainee.step - 1}: box, obj, cls, total = {shown}"
    raise DivergedError(msg, batch)


def _update(trainee: Trainee, loop: EpochLoop) -> None:
    clip_norm = loop.schedule.recipe.clip_norm
    if clip_norm is not None:
        trainee.scaler.unscale_(trainee.optimizer)
        torch.nn.utils.clip_grad_norm_(trainee.model.parameters(), clip_norm)
    trainee.scaler.step(trainee.optimizer)
    trainee.scaler.update()
    trainee.optimizer.zero_grad(set_to_none=True)
    loop.world.average_statistics(trainee.model)
    trainee.ema.update(trainee.model)


def _no_exchange(network: nn.Module, *, needed: bool) -> contextlib.AbstractContextManager[None]:
    """Gradients travel between processes only for the last batch of an update."""
    if needed or not isinstance(network, DistributedDataParallel):
        return contextlib.nullcontext()
    return network.no_sync()
