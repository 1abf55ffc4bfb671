"""The pictures that scales are calibrated with: chosen evenly, letterboxed as on the device."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edgedet.vision import letterbox
from train.evaluate import EvaluationSample

DEFAULT_COUNT = 512
WANTED_COUNT = 256  # fewer leave the tails of distributions to chance (NVIDIA advises 500)

ItemT = TypeVar("ItemT")


def spread(items: Sequence[ItemT], count: int) -> list[ItemT]:
    """`count` of `items`, evenly spaced, the same every time; all where there are fewer.

    >>> spread("abcdefghij", 4)
    ['a', 'd', 'g', 'j']
    """
    if count >= len(items):
        return list(items)
    if count == 1:
        return [items[len(items) // 2]]
    places = np.linspace(0, len(items) - 1, count).round().astype(int)
    return [items[place] for place in places.tolist()]


def letterboxed(
    samples: Sequence[EvaluationSample], input_hw: tuple[int, int], batch_size: int = 1
) -> Iterator[NDArray[np.uint8]]:
    """Batches (N, H, W, 3) of the pictures as the device gives them to the graph.

    Raises:
        DataError: If a picture cannot be read.
    """
    for first in range(0, len(samples), batch_size):
        part = samples[first : first + batch_size]
        yield np.stack([letterbox(sample.load(), input_hw)[0] for sample in part])
