"""Which pictures an epoch shows, in which order, and which process gets which.

The order depends on seed, epoch and weights alone: neither a resume nor the number of processes
changes it. Process r of n takes the r-th part of each batch.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray
from torch.utils.data import Sampler

_MOST, _LEAST = 10.0, 0.1  # limits of a class's factor: one label of a class must not rule a run


def epoch_order(
    count: int, seed: int, epoch: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Picture numbers (count,) in the order of an epoch: shuffled, or drawn by `weights`.

    Drawn with replacement, so some come several times: the k-th time as number + k * count, which
    lets each be augmented in its own way.
    """
    rng = default_rng([seed, epoch])
    if weights is None:
        return rng.permutation(count)
    drawn = rng.choice(count, size=count, p=weights / weights.sum())
    order = drawn.argsort(kind="stable")
    ranked = drawn[order]
    first = np.searchsorted(ranked, ranked, side="left")
    repeats = np.empty_like(drawn)
    repeats[order] = np.arange(count) - first
    numbers: NDArray[np.int64] = drawn + repeats * count
    return numbers


class ProcessSampler(Sampler[int]):
    """The part of an epoch's order that one process of several trains on, batch by batch."""

    def __init__(
        self,
        order: NDArray[np.int64],
        batch_size: int,
        process: tuple[int, int] = (0, 1),
        skip: int = 0,
    ) -> None:
        """Take the pictures of `process` (rank, size), without the first `skip` batches.

        `batch_size` is that of all processes together and a multiple of their number. If the last
        batch has fewer pictures than there are processes, the first pictures fill it up.
        """
        rank, size = process
        left = len(order) % batch_size
        if 0 < left < size:
            order = np.concatenate([order, np.resize(order, size - left)])
        batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        self.batches: list[list[int]] = [np.array_split(b, size)[rank].tolist() for b in batches]
        self._skip = skip

    def __iter__(self) -> Iterator[int]:
        """Picture numbers, batch after batch."""
        return (number for batch in self.batches[self._skip :] for number in batch)

    def __len__(self) -> int:
        """Numbers that are left."""
        return sum(map(len, self.batches[self._skip :]))


def class_factors(labels: Sequence[NDArray[np.float32]], num_classes: int) -> NDArray[np.float64]:
    """Factors (num_classes,): inverse to the labels of a class, with a mean of 1 over all labels.

    Between 0.1 and 10; 1 for classes without labels. `labels` (n, 5) of each picture.
    """
    counts = _counts(labels, num_classes)
    present = max(int((counts > 0).sum()), 1)
    even = counts.sum() / present
    factors = np.where(counts > 0, even / np.maximum(counts, 1), 1.0)
    return np.clip(factors, _LEAST, _MOST)


def picture_weights(
    labels: Sequence[NDArray[np.float32]], num_classes: int, class_ap: Sequence[float] = ()
) -> NDArray[np.float64]:
    """Weights (pictures,): the sum over a picture's labels of class factor x (1 - AP)^2.

    Pictures without labels get the mean of the others, so that background is not forgotten.

    Args:
        labels: (n, 5) of each picture.
        num_classes: Number of classes.
        class_ap: AP@50:95 of each class in the last scored epoch; empty before the first.
    """
    missing = 1 - np.asarray(class_ap if len(class_ap) else np.zeros(num_classes))
    by_class = class_factors(labels, num_classes) * missing**2
    weights = np.array([by_class[rows[:, 0].astype(int)].sum() for rows in labels])
    has_labels = np.array([len(rows) > 0 for rows in labels])
    if not weights.any():
        return np.ones(len(labels))
    weights[~has_labels] = weights[has_labels].mean()
    return weights


def _counts(labels: Sequence[NDArray[np.float32]], num_classes: int) -> NDArray[np.int64]:
    ids = [rows[:, 0].astype(int) for rows in labels]
    counts: NDArray[np.int64] = np.bincount(
        np.concatenate([*ids, []]).astype(int), minlength=num_classes
    )
    return counts
