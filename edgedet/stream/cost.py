"""What a run of the backend takes, learnt from the runs so far: the usual time, and a cautious one.

Medians and quantiles of the latest runs, so that a single hiccup changes nothing and a backend that
has become slower is known after a few runs.
"""

import statistics
import threading
from collections import deque

_WINDOW = 64  # runs that count
_PER_SIZE = 7  # of these, the latest of one size; their median is its cost
_RATIOS = 20  # runs behind the cautious estimate
_QUANTILE = 0.9


class BatchCost:
    """Seconds that the backend takes for a batch, by its size. One thread adds, any thread asks."""

    def __init__(self) -> None:
        """Know nothing."""
        self._lock = threading.Lock()  # guards everything below
        self._runs: deque[tuple[int, float]] = deque(maxlen=_WINDOW)
        self._usual_s: dict[int, float] = {}
        self._sizes: list[int] = []
        self._caution = 1.0
        self._is_warm = False
        self._generation = 0

    @property
    def generation(self) -> int:
        """Another number whenever all was forgotten."""
        return self._generation

    @property
    def is_known(self) -> bool:
        """Whether anything is known."""
        return bool(self._sizes)

    def add(self, size: int, infer_s: float) -> None:
        """Learn that a batch of `size` pictures took `infer_s`."""
        with self._lock:
            if not self._is_warm:  # the first run allocates and says nothing
                self._is_warm = True
                return
            self._runs.append((size, infer_s))
            by_size: dict[int, list[float]] = {}
            for each, taken_s in reversed(self._runs):
                times_s = by_size.setdefault(each, [])
                if len(times_s) < _PER_SIZE:
                    times_s.append(taken_s)
            self._usual_s = {each: statistics.median(times) for each, times in by_size.items()}
            self._sizes = sorted(by_size)
            latest = list(self._runs)[-_RATIOS:]
            ratios = sorted(taken_s / max(self._usual_s[each], 1e-9) for each, taken_s in latest)
            self._caution = max(1.0, ratios[int(_QUANTILE * (len(ratios) - 1))])

    def restart(self, single_s: float | None) -> None:
        """Forget everything: another model. `single_s`: what it took for a picture, if known."""
        with self._lock:
            self._generation += 1
            self._runs.clear()
            self._caution = 1.0
            self._is_warm = single_s is not None
            self._usual_s = {} if single_s is None else {1: single_s}
            self._sizes = list(self._usual_s)
            if single_s is not None:
                self._runs.append((1, single_s))

    def usual_s(self, size: int) -> float:
        """The median time of such a batch; 0 while nothing is known.

        Sizes that did not occur lie on straight lines between those that did. A smaller batch than
        any takes as long as the smallest, a larger one as much longer as it is larger: no less than
        the truth on any backend.
        """
        with self._lock:
            return self._usual(size)

    def saved_s(self, size: int) -> float:
        """What it saves to run one more picture in a batch of `size` rather than by itself."""
        with self._lock:
            return self._usual(1) + self._usual(size) - self._usual(size + 1)

    def cautious_s(self, size: int) -> float:
        """A time that nine in ten such batches keep; 0 while nothing is known."""
        with self._lock:
            return self._usual(size) * self._caution

    def _usual(self, size: int) -> float:
        sizes = self._sizes
        if not sizes:
            return 0.0
        if size <= sizes[0]:
            return self._usual_s[sizes[0]]
        if size >= sizes[-1]:
            return self._usual_s[sizes[-1]] * size / sizes[-1]
        above = next(each for each in sizes if each >= size)
        below = max(each for each in sizes if each < above)
        low_s, high_s = self._usual_s[below], self._usual_s[above]
        return low_s + (high_s - low_s) * (size - below) / (above - below)
