"""One optimiser step after another over an epoch: the inner loop, short enough to read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import nn

from edgedet.errors import DataError
from train.data.loader import Batch
from train.engine.ema import ModelEma
from train.engine.schedule import Schedule
from train.loss import DetectionLoss
from train.model import DetectionNetwork
from train.model.blocks import BATCH_NORM_MOMENTUM


@dataclass(frozen=True, slots=True)
class Precision:
    """Where and in what numbers the network runs. `autocast` None means float32 throughout."""

    device: torch.device
    autocast: torch.dtype | None

    @classmethod
    def choose(cls, device: torch.device) -> "Precision":
        """bfloat16 where the device computes in it, float16 on other CUDA cards, else float32."""
        if device.type == "cuda":
            has_bf16 = torch.cuda.is_bf16_supported()
            return cls(device, torch.bfloat16 if has_bf16 else torch.float16)
        has_bf16 = torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 - no public question exists
        return cls(device, torch.bfloat16 if has_bf16 else None)


@dataclass(slots=True)
class Trainee:
    """Everything that changes while training: what a checkpoint must hold."""

    model: DetectionNetwork
    ema: ModelEma[DetectionNetwork]
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    step: int = 0


def train_epoch(  # noqa: PLR0913 - the ingredients of a step
    trainee: Trainee,
    batches: Iterable[Batch],
    loss_of: DetectionLoss,
    schedule: Schedule,
    precision: Precision,
    accumulate: int,
    on_batch: Callable[[int, torch.Tensor], None] = lambda _n, _c: None,
) -> torch.Tensor:
    """Train on every batch once; the mean loss terms (box, obj, cls, total).

    Raises:
        DataError: if the loss stops being finite; the message has its terms.
    """
    trainee.model.train()
    sums, count = torch.zeros(4), 0
    trainee.optimizer.zero_grad(set_to_none=True)
    pending = 0
    for images, targets in batches:
        schedule.apply(trainee.optimizer, trainee.step)
        if trainee.step <= 1 / BATCH_NORM_MOMENTUM:
            settle_normalisation(trainee.model, trainee.step)
        components = _backward(trainee, images, targets, loss_of, precision)
        trainee.step += 1
        pending += 1
        if pending >= schedule.accumulation(trainee.step, accumulate):
            _update(trainee, schedule.recipe.clip_norm)
            pending = 0
        sums, count = sums + components * len(images), count + len(images)
        on_batch(len(images), components)
    if pending:
        _update(trainee, schedule.recipe.clip_norm)
    return sums / max(count, 1)


def _backward(
    trainee: Trainee,
    images: torch.Tensor,
    targets: torch.Tensor,
    loss_of: DetectionLoss,
    precision: Precision,
) -> torch.Tensor:
    device = precision.device
    inputs = images.to(device, non_blocking=True).float().div_(255)
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    enabled = precision.autocast is not None
    with torch.autocast(device.type, dtype=precision.autocast, enabled=enabled):
        outputs = trainee.model(inputs)
    loss, components = loss_of(outputs, targets.to(device), inputs)
    terms = components.detach().float().cpu()
    if not bool(torch.isfinite(loss)):
        shown = ", ".join(f"{v:.4g}" for v in terms.tolist())
        msg = (
            f"the loss is not finite at step {trainee.step}: box, obj, cls, total = {shown}; "
            "lower lr0 or check the data set"
        )
        raise DataError(msg)
    # summed over the accumulated batches, as in the original
    trainee.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    return terms


def _update(trainee: Trainee, clip_norm: float | None) -> None:
    if clip_norm is not None:
        trainee.scaler.unscale_(trainee.optimizer)
        torch.nn.utils.clip_grad_norm_(trainee.model.parameters(), clip_norm)
    trainee.scaler.step(trainee.optimizer)
    trainee.scaler.update()
    trainee.optimizer.zero_grad(set_to_none=True)
    trainee.ema.update(trainee.model)


def settle_normalisation(model: nn.Module, step: int) -> None:
    """Let running statistics start as a plain mean over the first steps.

    With YOLOv7's momentum of 0.03 the initial values (mean 0, variance 1) still weigh 6 % after
    94 steps, and a network that detects well with batch statistics scores an AP of 0. So the
    momentum is 1 / (step + 1) until it reaches the network's own.
    """
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = max(BATCH_NORM_MOMENTUM, 1 / (step + 1))
