"""The processes of a run: one, or several that `torchrun` started.

What two processes with half the batch each do differs from one with the whole batch only by the
statistics of batch normalisation (each process normalises by its own part, unless SyncBN is on)
and by the order of sums. The loss terms are means over all positives of the whole batch: the
counts travel between the processes before each backward pass.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from edgedet.errors import EdgedetError
from train.engine.normalisation import running_statistics
from train.engine.precision import choose_device
from train.errors import OtherProcessError

_TIMEOUT = timedelta(minutes=30)  # scoring and the decoding of pictures may take their time

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class World:
    """This process among those of the run: `rank` of `size`, `local_rank` on its machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes and speaks for all."""
        return self.rank == 0

    def shares(self, positives: Sequence[int], images: int) -> list[float]:
        """Factors that make the mean of the processes' losses that of the whole batch.

        The loss of a process is (mean over its n positives) x (its N pictures) x size, averaged
        over processes; the whole batch's is (mean over all positives) x (all pictures).
        """
        here = torch.tensor([*positives, images], dtype=torch.float64)
        total = self._sum(here.clone())
        means = here[:-1] / total[:-1].clamp(min=1)
        shares: list[float] = (means * total[-1] / here[-1]).tolist()
        return shares

    def sums(self, values: torch.Tensor) -> torch.Tensor:
        """The sums of a small CPU tensor over all processes."""
        return values if self.size == 1 else self._sum(values.clone())

    def average_statistics(self, model: nn.Module) -> None:
        """Give running statistics the mean over all processes."""
        if self.size == 1:
            return
        statistics = running_statistics(model)
        if not statistics:
            return
        flat = torch.cat([each.flatten() for each in statistics])
        dist.all_reduce(flat)
        parts = torch.split(flat / self.size, [each.numel() for each in statistics])
        torch._foreach_copy_(statistics, list(parts))

    def gather(self, value: ValueT) -> list[ValueT]:
        """The values of all processes, by rank, in every process."""
        if self.size == 1:
            return [value]
        values: list[ValueT] = [value] * self.size
        dist.all_gather_object(values, value)
        return values

    def from_first(self, make: Callable[[], ValueT]) -> ValueT:
        """What `make` gives in the first process, in every process."""
        if self.size == 1:
            return make()
        values = [make() if self.is_first else None]
        dist.broadcast_object_list(values, src=0)
        return cast("ValueT", values[0])

    def barrier(self) -> None:
        """Wait until every process is here."""
        self.gather(True)  # noqa: FBT003 - any value; NCCL's own barrier guesses the device

    def wrap(self, network: nn.Module, device: torch.device) -> nn.Module:
        """`network` in a form whose backward pass averages gradients over processes."""
        if self.size == 1:
            return network
        with warnings.catch_warnings():  # the newest torch has another name for it, older have not
            warnings.filterwarnings("ignore", message="`broadcast_buffers` is deprecated")
            return DistributedDataParallel(
                network,
                device_ids=[device] if device.type == "cuda" else None,
                broadcast_buffers=False,  # averaged at updates instead
                gradient_as_bucket_view=True,
            )

    def _sum(self, values: torch.Tensor) -> torch.Tensor:
        """In place; NCCL sends what is on its card."""
        if dist.get_backend() == "nccl":
            on_card = values.cuda()
            dist.all_reduce(on_card)
            return on_card.to(values.device)
        dist.all_reduce(values)
        return values


ALONE = World()


@contextmanager
def joined_world(device: str) -> Iterator[World]:
    """The processes that `torchrun` started, joined; only this one where it started none.

    Args:
        device: `cpu`, `cuda`, …, or `auto`: what gradients will be on.

    Raises:
        ModelError: if there are fewer cards than processes here.
        OtherProcessError: in the processes that stop because another one has failed.
    """
    if not dist.is_torchelastic_launched():
        yield ALONE
        return
    on_cuda = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    store, rank, size = next(iter(rendezvous("env://")))
    local_rank = dist.get_node_local_rank(rank)
    if on_cuda:
        torch.cuda.set_device(choose_device("cuda", local_rank))
    dist.init_process_group(
        "nccl" if on_cuda else "gloo", store=store, rank=rank, world_size=size, timeout=_TIMEOUT
    )
    try:
        ranks = World(rank, size).gather(local_rank)
        yield World(rank, size, local_rank, size // ranks.count(0))
    except BaseException as exc:
        if not _is_first_to_fail(store, exc):
            raise OtherProcessError from exc
        raise
    finally:
        dist.destroy_process_group()


def _is_first_to_fail(store: Store, error: BaseException) -> bool:
    """Whether nobody has told of this trouble yet: the same message is told once."""
    is_ours = isinstance(error, EdgedetError | KeyboardInterrupt)
    if not is_ours and store.check(["failed"]):
        return False  # a broken connection is what the others' end looks like from here
    store.set("failed", str(error))
    key = hashlib.sha256(str(error).encode()).hexdigest()
    return bool(store.add(key, 1) == 1)
