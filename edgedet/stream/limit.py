"""How many pictures a batch may have, learnt from what batches cost.

On a GPU eight pictures take little longer than one. On most CPUs they take eight times as long:
then a batch gains nothing, and every picture in it waits for all the others.
"""

import threading

_SMOOTHING = 0.3
_SAMPLES = 3  # of each kind before anything is decided
_GAIN = 0.9  # a picture in a batch must cost less than this share of a picture alone
_LIGHT_GAIN = 0.7  # the same where single pictures would do
_TRIAL_EVERY = 300  # batches after which the other way is tried again
_NEAR = 0.6  # of the cost of a picture alone: batches that save less may be a mistake
_NEAR_TRIAL_EVERY = 30  # so single pictures, which cost little more then, are tried again sooner


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
            self._since_trial = 0

    def size(self, *, is_light: bool = False) -> int:
        """The most pictures that the next batch should have.

        `is_light`: the backend would keep up without batches, so they must save more.
        """
        with self._lock:
            if self._together_s.count < _SAMPLES:
                return self._max_size
            if self._alone_s.count < _SAMPLES:
                return 1
            return self._max_size if self._pays(_LIGHT_GAIN if is_light else _GAIN) else 1

    @property
    def single_s(self) -> float:
        """What a picture takes alone, by the latest that were; 0 while nothing is known."""
        with self._lock:
            return self._alone_s.value

    def add(self, size: int, infer_s: float) -> None:
        """Learn that the backend took `infer_s` for a batch of `size` pictures."""
        with self._lock:
            average = self._alone_s if size == 1 else self._together_s
            if not average.is_warm:  # the first run of a kind allocates and says nothing
                average.is_warm = True
                return
            average.add(infer_s / size)
            self._since_trial += 1
            pays = self._pays(_GAIN)
            is_near = pays and not self._pays(_NEAR)
            if self._since_trial >= (_NEAR_TRIAL_EVERY if is_near else _TRIAL_EVERY):
                self._since_trial = 0
                (self._alone_s if pays else self._together_s).count = 0

    def _pays(self, share: float) -> bool:
        return self._together_s.value < share * self._alone_s.value


class _Average:
    """A smoothed value and the number of samples in it."""

    __slots__ = ("count", "is_warm", "value")

    def __init__(self) -> None:
        self.count = 0
        self.value = 0.0
        self.is_warm = False

    def add(self, sample: float) -> None:
        self.value = sample if not self.count else self.value + _SMOOTHING * (sample - self.value)
        self.count += 1
