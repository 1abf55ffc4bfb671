"""How many pictures a batch may have, learnt from what batches cost.

On a GPU eight pictures take little longer than one. On most CPUs they take eight times as long:
then a batch gains nothing, and every picture in it waits for all the others.
"""

import threading

_LEAST_WEIGHT = 0.1  # of a sample: a picture on a busy machine may take half as long again
_SAMPLES = 3  # of each kind before anything is decided
_GAIN = 0.9  # a picture in a batch must cost less than this share of a picture alone
_GREAT_GAIN = 0.6  # the same where single pictures would do; less may be a mistake
_TRIAL_EVERY = 300  # batches after which the other way is tried again
_DOUBT_EVERY = 30  # the same after batches that save little: it costs little


class BatchLimit:
    """Says how large the next batch may be. One thread adds, any thread asks."""

    def __init__(self, max_size: int) -> None:
        """Allow `max_size` until it is known not to pay."""
        self._max_size = max_size
        self._lock = threading.Lock()  # guards everything below
        self.restart()

    def restart(self) -> None:
        """Forget everything: another model."""
        with self._lock:
            self._alone_s = _Average()
            self._together_s = _Average()

    def size(self, *, is_light: bool = False) -> int:
        """The most pictures that the next batch should have.

        `is_light`: the backend would keep up without batches, so they must save more, and are not
        tried again.
        """
        with self._lock:
            if self._together_s.count < _SAMPLES:
                return 1 if is_light and self._together_s.value else self._max_size
            if self._alone_s.count < _SAMPLES:
                return 1
            return self._max_size if self._pays(_GREAT_GAIN if is_light else _GAIN) else 1

    @property
    def single_s(self) -> float:
        """What a picture takes alone, by the latest that were; 0 while nothing is known."""
        with self._lock:
            return self._alone_s.value

    def add(self, size: int, infer_s: float) -> None:
        """Learn that the backend took `infer_s` for a batch of `size` pictures."""
        with self._lock:
            kind, other = self._alone_s, self._together_s
            if size > 1:
                kind, other = other, kind
            if not kind.is_warm:  # the first run of a kind allocates and says nothing
                kind.is_warm = True
                return
            kind.add(infer_s / size)
            other.since += 1
            is_doubtful = size > 1 and not self._pays(_GREAT_GAIN)
            if other.since >= (_DOUBT_EVERY if is_doubtful else _TRIAL_EVERY):
                other.count = other.since = 0

    def _pays(self, share: float) -> bool:
        return self._together_s.value < share * self._alone_s.value


class _Average:
    """Of the latest samples, their number, and how many of the other kind there were since."""

    __slots__ = ("count", "is_warm", "since", "value")

    def __init__(self) -> None:
        self.count = 0
        self.is_warm = False
        self.since = 0
        self.value = 0.0

    def add(self, sample: float) -> None:
        self.count += 1
        self.since = 0
        self.value += max(_LEAST_WEIGHT, 1.0 / self.count) * (sample - self.value)
