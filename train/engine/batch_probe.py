"""What to answer when memory runs out: the batch that fits, found by trying."""

import gc
from dataclasses import replace
from typing import NoReturn

import torch

from edgedet.errors import ModelError
from train.data.loader import Batch
from train.engine.memory import release_freed_memory
from train.engine.step import EpochLoop, Tally, Trainee, train_epoch
from train.engine.world import ALONE
from train.loss import DetectionLoss

_OBJECTS = 16  # in a picture of the probe; the loss needs memory for each
_SIGNS = (
    "CUBLAS_STATUS_ALLOC_FAILED",  # CUDA's libraries take memory past torch's allocator
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
    "unable to find an engine to execute this computation",  # cuDNN without room to try one
    "can't allocate memory",
    "not enough memory",
    "Cannot allocate memory",
    "could not create a primitive",  # oneDNN, when there is no room for the code that it generates
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of a training step means that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


def early_graph() -> torch.Tensor:
    """A graph of one node, made before training: its backward pass frees a failed one's tensors.

    When a backward pass fails on the CPU, autograd's queue keeps the nodes that it did not come to,
    and with them most of the step's tensors. They are dropped when a later pass takes them from the
    queue, which has the newest nodes first: so an older node is needed to come after them.
    """
    return torch.zeros((), requires_grad=True) * 1


def refuse_killed_worker(error: BaseException) -> None:
    """Tell what it means that a process that prepares pictures was killed.

    Raises:
        ModelError: if that is what `error` says.
    """
    if isinstance(error, RuntimeError) and "killed by signal: Killed" in str(error):
        msg = (
            "a process that prepares pictures was killed, most likely because memory ran out; "
            "use fewer --workers, or --cache disk, and go on with --resume"
        )
        raise ModelError(msg) from error


def refuse_batch(trainee: Trainee, loop: EpochLoop, image_size: int, batch_size: int) -> NoReturn:
    """Tell that a batch does not fit, and which one does.

    Call it outside the `except` clause, whose traceback would hold the tensors of the failed step.

    Raises:
        ModelError: always.
    """
    size = loop.world.size
    fitting = fitting_batch(trainee, loop, image_size, batch_size // size // 2)
    where = f"{loop.precision.device} at {image_size} px"
    if not fitting:
        msg = f"out of memory: not even one picture fits {where}; use a smaller --image-size"
        raise ModelError(msg)
    msg = (
        f"out of memory: a batch of {batch_size} does not fit {where}; --batch-size "
        f"{fitting * size} does (gradients are accumulated up to nominal_batch, so little changes)"
    )
    raise ModelError(msg)


def fitting_batch(trainee: Trainee, loop: EpochLoop, image_size: int, first: int) -> int:
    """The largest of `first`, its half, its quarter, … whose whole step fits; 0 if none does.

    Does real steps on noise: `trainee` is good for nothing afterwards.
    """
    own_loss = DetectionLoss(trainee.model, loop.schedule.recipe.model_dump())
    alone = replace(
        loop,
        network=trainee.model,  # the other processes wait elsewhere
        loss_of=loop.loss_of if loop.world.size == 1 else own_loss,
        world=ALONE,
        on_step=lambda _t, _c, _n, _b: None,
    )
    batch_size = first
    while batch_size >= 1:
        trainee.optimizer.zero_grad(set_to_none=True)
        gc.collect()
        release_freed_memory()
        if loop.precision.device.type == "cuda":
            torch.cuda.empty_cache()
        if _fits(trainee, alone, _noise(batch_size, image_size)):
            return batch_size
        batch_size //= 2
    return 0


def _fits(trainee: Trainee, loop: EpochLoop, batch: Batch) -> bool:
    early = early_graph()
    try:
        train_epoch(trainee, [batch], loop, Tally())
    except (RuntimeError, MemoryError) as exc:
        if not is_out_of_memory(exc):
            raise
    else:
        return True
    early.backward()  # type: ignore[no-untyped-call]  # see early_graph
    return False


def _noise(batch_size: int, image_size: int) -> Batch:
    images = torch.randint(0, 256, (batch_size, 3, image_size, image_size), dtype=torch.uint8)
    targets = torch.rand(batch_size * _OBJECTS, 6) * 0.5 + 0.25
    targets[:, 0] = torch.arange(len(targets)) % batch_size
    targets[:, 1] = 0
    return images, targets
