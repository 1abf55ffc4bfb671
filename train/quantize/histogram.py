"""How large the values of a tensor are, over any number of pictures in the memory of one histogram.

The range doubles when a larger value comes, and neighbouring bins are added up: so one pass is
enough, and the order of pictures changes nothing but the last bit of the resolution.
"""

import numpy as np
from numpy.typing import NDArray

from train.quantize.scale_table import LEVELS

BINS = 8192  # after the range has doubled, still more than 32 bins a step of INT8
_LOWEST_SHARE = 1 / 32  # of the range: less is never the best amax of a tensor
_STRIDE = 16  # bins between the amax that are tried


class MagnitudeHistogram:
    """Counts of |x|; zeros count."""

    def __init__(self) -> None:
        """Start empty."""
        self._counts: NDArray[np.int64] = np.zeros(BINS, dtype=np.int64)
        self._span = 0.0
        self.largest = 0.0
        self.zeros = 0

    def add(self, values: NDArray[np.float32]) -> None:
        """Count the values of an array of any shape.

        Raises:
            ValueError: If one is not finite.
        """
        sizes = np.abs(values).ravel()
        largest = float(sizes.max(initial=0.0))
        if not np.isfinite(largest):
            msg = f"a value is {largest}, expected finite ones"
            raise ValueError(msg)
        self.largest = max(self.largest, largest)
        if largest == 0.0:
            self.zeros += len(sizes)
            return
        if self._span == 0.0:
            self._span = largest
        while largest > self._span:
            pairs = self._counts.reshape(-1, 2).sum(axis=1)
            self._counts = np.concatenate([pairs, np.zeros(BINS - len(pairs), dtype=np.int64)])
            self._span *= 2.0
        places = (sizes * np.float32(BINS / self._span)).astype(np.int32)
        np.minimum(places, BINS - 1, out=places)
        self._counts += np.bincount(places, minlength=BINS)

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self._counts.sum()) + self.zeros

    def percentile(self, percent: float) -> float:
        """The size that so many percent of all values do not exceed; never above the largest."""
        reached = np.cumsum(self._counts) + self.zeros
        place = int(np.searchsorted(reached, percent / 100.0 * self.count))
        return min((min(place, BINS - 1) + 1) * self._span / BINS, self.largest)

    def least_error(self) -> float:
        """The amax for which rounding to INT8 and cutting off have the least squared error.

        Source: NVIDIA's pytorch-quantization, `calib/histogram.py`, method mse.
        """
        width = self._span / BINS
        centres = (np.arange(BINS) + 0.5) * width
        last = int(np.flatnonzero(self._counts)[-1]) + 1 if self._counts.any() else 0
        best, best_error = self.largest, np.inf
        for edge in range(max(int(last * _LOWEST_SHARE), 1), last + _STRIDE, _STRIDE):
            amax = min(edge * width, self.largest)
            step = amax / LEVELS
            rounded = np.minimum(np.rint(centres / step), LEVELS) * step
            error = float(((centres - rounded) ** 2 * self._counts).sum())
            if error <= best_error:  # of two that are equal the one that cuts off less
                best, best_error = amax, error
        return best
