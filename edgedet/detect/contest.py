"""Which of several backends runs a model fastest here: all are loaded and take turns.

Short, because somebody waits for the first picture: what is measured is bounded, not exact. A
backend that cannot be loaded, fails, or computes something else is left out with its reason.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.base import Detector, Proven
from edgedet.detect.golden import compare_with_golden
from edgedet.detect.graph_io import CHANNELS
from edgedet.detect.remembered import Timing
from edgedet.errors import ModelError, first_line
from edgedet.manifest import Bundle, GoldenCase, read_golden

_BUDGET_S = 0.6  # for all rounds together; with two CPU backends loading takes longer
_MAX_ROUNDS = 20
_ROUNDS_OF_A_BATCH = 3  # the first of a new size allocates
_HOPELESS = 2.0  # so many times as slow with one picture: no batch makes up for that
_WORTH_IT = 1.05  # less of a lead is noise: then the preferred backend stays
_SEED = 416

Maker = Callable[[], Detector]


@dataclass(frozen=True, slots=True)
class Contest:
    """The outcome. `winner` is loaded and warm, the others are closed; `skipped` says why."""

    winner: Detector
    timings: tuple[Timing, ...]
    skipped: Mapping[str, str]
    seconds: float


def hold_contest(bundle: Bundle, makers: Mapping[str, Maker], max_batch: int) -> Contest:
    """Load all backends and time them on the same pictures, taking turns.

    Args:
        bundle: The model; its golden pictures are used, and their answers compared, if it has any.
        makers: What makes the detector of each backend, the preferred one first.
        max_batch: The largest batch that will be asked for.

    Raises:
        ModelError: If none of them works; it says why for each.
    """
    start_s = time.perf_counter()
    golden = read_golden(bundle)
    contest = _Entrants(bundle)
    try:
        for name, make in makers.items():
            contest.enter(name, make)
        contest.compare(golden)
        timings = contest.run(_pictures(bundle, golden, max_batch))
        winner = contest.take(_fastest(timings).backend)
    finally:
        contest.close()
    return Contest(winner, timings, contest.skipped, time.perf_counter() - start_s)


def _fastest(timings: tuple[Timing, ...]) -> Timing:
    best = timings[0]
    for one in timings[1:]:
        if one.images_per_s > _WORTH_IT * best.images_per_s:
            best = one
    return best


def _pictures(bundle: Bundle, golden: GoldenCase | None, count: int) -> NDArray[np.uint8]:
    """`count` pictures, those of the golden case over and over, or noise."""
    if golden is not None and len(golden.images_nhwc):
        return np.resize(golden.images_nhwc, (count, *golden.images_nhwc.shape[1:]))
    rng = np.random.default_rng(_SEED)
    return rng.integers(0, 256, (count, *bundle.input_hw, CHANNELS), dtype=np.uint8)


@dataclass(slots=True)
class _Entrant:
    """A backend in the contest, and the least seconds it took."""

    detector: Detector
    single_s: float = math.inf
    batch_s: float = math.inf
    is_out: bool = False

    def timing(self, backend: str, batch: int) -> Timing:
        """What to tell of it: the better of one at a time and batches counts."""
        if self.is_out:
            batch = 1
        batch_s = self.single_s if batch == 1 else self.batch_s
        return Timing(
            backend=backend,
            images_per_s=round(max(1.0 / self.single_s, batch / batch_s), 2),
            single_ms=round(1000.0 * self.single_s, 3),
            batch=batch,
            batch_ms=round(1000.0 * batch_s, 3),
        )


@dataclass(slots=True)
class _Entrants:
    """The backends that still take part, in the order of preference."""

    bundle: Bundle
    entrants: dict[str, _Entrant] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def enter(self, name: str, make: Maker) -> None:
        """Load a backend."""
        try:
            self.entrants[name] = _Entrant(make())
        except Exception as exc:  # noqa: BLE001 - a broken backend must not stop a working one
            self.leave_out(name, exc)

    def leave_out(self, name: str, reason: Exception) -> None:
        """Close a backend and keep the reason."""
        entrant = self.entrants.pop(name, None)
        if entrant is not None:
            entrant.detector.close()
        self.skipped[name] = first_line(reason)

    def compare(self, golden: GoldenCase | None) -> None:
        """Leave out who answers the golden pictures differently, as long as another does not."""
        if golden is None:
            return
        wrong = {name: self._deviation(name, golden) for name in list(self.entrants)}
        if all(wrong.get(name) for name in self.entrants):
            return  # the case is to blame, or there is nothing better
        for name in list(self.entrants):
            if reason := wrong[name]:
                self.leave_out(name, ModelError(reason))

    def run(self, pictures: NDArray[np.uint8]) -> tuple[Timing, ...]:
        """Time everybody, in turns."""
        if self.bundle.manifest.golden is None:  # else a golden picture was the first, slow one
            self._round(pictures[:1])
            self._forget()
        self._round(pictures[:1])
        self._check_any()
        self._retire()
        round_s = sum(each.single_s for each in self.entrants.values() if not each.is_out)
        count = min(len(pictures), int(_BUDGET_S / (_ROUNDS_OF_A_BATCH * round_s)))
        if count > 1:
            batch = np.ascontiguousarray(pictures[:count])
            for _ in range(_ROUNDS_OF_A_BATCH):
                self._round(batch)
        else:
            count = 1
        self._spend(pictures[:1], _BUDGET_S - _ROUNDS_OF_A_BATCH * round_s * count)
        self._check_any()
        return tuple(each.timing(name, count) for name, each in self.entrants.items())

    def take(self, name: str) -> Detector:
        """The detector of a backend, which is the caller's now."""
        return self.entrants.pop(name).detector

    def close(self) -> None:
        """Close whoever is left."""
        while self.entrants:
            self.entrants.popitem()[1].detector.close()

    def _forget(self) -> None:
        """Begin anew with all times: the very first run allocates."""
        for each in self.entrants.values():
            each.single_s = math.inf

    def _retire(self) -> None:
        """Time no more who is far behind: somebody waits for the first picture."""
        best_s = min(each.single_s for each in self.entrants.values())
        for each in self.entrants.values():
            each.is_out = each.single_s > _HOPELESS * best_s

    def _spend(self, single: NDArray[np.uint8], budget_s: float) -> None:
        """More rounds of one picture while time is left."""
        end_s = time.perf_counter() + budget_s
        for _ in range(_MAX_ROUNDS):
            if time.perf_counter() >= end_s:
                return
            self._round(single)

    def _round(self, images: NDArray[np.uint8]) -> None:
        """Everybody runs `images` once."""
        for name, each in list(self.entrants.items()):
            if each.is_out:
                continue
            start_s = time.perf_counter()
            try:
                each.detector.infer(images)
            except Exception as exc:  # noqa: BLE001 - see enter
                self.leave_out(name, exc)
                continue
            seconds = time.perf_counter() - start_s
            if len(images) == 1:
                each.single_s = min(each.single_s, seconds)
            else:
                each.batch_s = min(each.batch_s, seconds)

    def _check_any(self) -> None:
        if not self.entrants:
            told = "; ".join(f"{name}: {reason}" for name, reason in self.skipped.items())
            msg = f"no backend runs model '{self.bundle.manifest.name}' here: {told}"
            raise ModelError(msg)

    def _deviation(self, name: str, golden: GoldenCase) -> str:
        """How a backend's answers differ from the golden ones; empty if they do not."""
        if isinstance(self.entrants[name].detector, Proven):
            return ""
        try:
            found = self.entrants[name].detector.infer(golden.images_nhwc[:1])
        except Exception as exc:  # noqa: BLE001 - see enter
            return first_line(exc)
        difference = compare_with_golden(self.bundle, golden, found[0])
        if difference is None or not difference.unmatched:
            return ""
        count = golden.candidates.shape[1]
        return f"{difference.unmatched} of {count} candidates differ from the bundle's golden case"
