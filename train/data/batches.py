"""Which pictures make up a batch, in which order, and how large they are.

All of it depends on seed, epoch and the number of the batch alone, so that neither a resume nor the
number of worker processes changes anything.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from numpy.random import default_rng
from torch.utils.data import Sampler

_SIZE_STREAM = 1  # keeps the sizes of batches apart from the order of pictures


@dataclass(frozen=True, slots=True)
class BatchSizes:
    """Picture sizes for multi-scale training: 1 ± `spread` of `side`, in steps of the stride."""

    side: int
    spread: float
    seed: int
    epoch: int
    stride: int = 32

    @property
    def smallest(self) -> int:
        """The shortest side, pixels, that a batch may have."""
        return math.ceil(self.side * (1 - self.spread) / self.stride) * self.stride

    def of(self, batch: int) -> int:
        """The side, pixels, of the pictures of batch number `batch`."""
        if self.spread == 0:
            return self.side
        low = self.smallest // self.stride
        high = math.floor(self.side * (1 + self.spread) / self.stride)
        rng = default_rng([self.seed, self.epoch, batch, _SIZE_STREAM])
        return int(rng.integers(low, max(high, low) + 1)) * self.stride


class SizedBatches(Sampler[list[tuple[int, int]]]):
    """Batches of (picture number, side in pixels), all of a batch of one size."""

    def __init__(
        self, order: Iterable[int], batch_size: int, sizes: BatchSizes, first_batch: int = 0
    ) -> None:
        """Divide an order into batches; the last may be smaller.

        `first_batch` is how many batches of the epoch came before: after a resume, each has the
        size that it would have had.
        """
        self._order = list(order)
        self._batch_size = batch_size
        self._sizes = sizes
        self._first_batch = first_batch

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """Batches in their order."""
        for number in range(len(self)):
            side = self._sizes.of(self._first_batch + number)
            start = number * self._batch_size
            yield [(index, side) for index in self._order[start : start + self._batch_size]]

    def __len__(self) -> int:
        """Number of batches."""
        return math.ceil(len(self._order) / self._batch_size)
