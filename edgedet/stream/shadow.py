"""A second model looks at what the one in use looks at, and nobody hears what it says.

It sees copies of a few frames a second, as any listener of the tap, on its own thread, and has a
small share of the machine. What is compared is painted and judged on the thread of whoever asked.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgedet.clock import Clock, Deadline
from edgedet.detect.base import Detector
from edgedet.detections import SeenFrame
from edgedet.errors import first_line
from edgedet.frame import FrameInfo
from edgedet.rollout.base import Pause, RunFigures, ShadowFigures
from edgedet.stream.comparison import SharedClasses, compare, objects_of
from edgedet.stream.run_tally import Run, RunTally
from edgedet.stream.runner import Runner
from edgedet.stream.tap import FrameTap
from edgedet.vision.candidates import implausible
from edgedet.vision.letterbox import Letterbox
from edgedet.vision.pixels import paint_letterboxed

SecondOpinion = Callable[[SeenFrame, NDArray[np.float32]], object]
"""Told of a frame with the candidates (K, 7) of the second model, boxes in pixels of the frame, and
class ids of the first."""

HANG_S = 30.0
_MOST_FPS = 4.0
_REST = 4.0  # times what it took: it has a fifth of the time at most
_TICK_S = 0.05
_PATIENCE_S = 2.0  # for a batch as large as usual
_ROUND_S = 2.0  # the pictures of a slow model come in smaller batches
_ENOUGH = 20  # pictures of the old model, for times of both side by side
_PRESENT_S = 5.0  # a source without a frame for longer is not waited for


def _nobody(_seen: SeenFrame, _candidates: NDArray[np.float32]) -> None:
    """Who is told if nobody wants to know."""


class Shadow:
    """One shadow run. `wants` and `take` are the tap's, `run` is for one thread."""

    def __init__(
        self,
        tap: FrameTap,
        used: Runner,
        candidate: Runner,
        clock: Clock,
        on_second: SecondOpinion = _nobody,
    ) -> None:
        """Compare `candidate` with what `used` answers."""
        self._tap = tap
        self._used = used
        self._candidate = candidate
        self._clock = clock
        self._on_second = on_second
        self.hang_s = HANG_S
        """The candidate is taken to hang when it has not answered for so long."""
        old, new = used.model.identity.class_names, candidate.model.identity.class_names
        self._classes = SharedClasses(old, new)
        self._side_by_side = _SideBySide(used.tally, clock.monotonic())
        self._old, self._new = RunTally(), RunTally()
        self._agreed = self._compared = 0
        self._lock = threading.Lock()  # guards everything below
        self._frames: list[SeenFrame] = []
        self._missing = 0
        self._shown: dict[str, int] = {}
        self._offered_s: dict[str, float] = {}

    def run(self, seconds: float, pause: Pause) -> ShadowFigures:
        """Look for so long, or until it fails.

        Raises:
            ModelError: it hangs.
        """
        deadline = Deadline(seconds, self._clock)
        self._tap.add(self)
        try:
            is_well, rest_s = True, 0.0
            while is_well and not deadline.is_over():
                pause(min(rest_s, deadline.remaining_s()))
                frames = self._collect(deadline, pause)
                if frames:
                    is_well, rest_s = self._look(frames, pause)
        finally:
            self._tap.remove(self)
        old = self._side_by_side.figures(self._old)
        return ShadowFigures(old, self._new.figures(), self._agreed, self._compared)

    def wants(self, frame: FrameInfo) -> bool:
        """Whether a frame is missing, and this source has its turn."""
        if not self._missing:
            return False
        with self._lock:
            self._offered_s[frame.source_id] = now_s = self._clock.monotonic()
            least = min(
                self._shown.get(name, 0)
                for name, offered_s in self._offered_s.items()
                if now_s - offered_s <= _PRESENT_S
            )
            if not self._missing or self._shown.get(frame.source_id, 0) > least:
                return False
            self._missing -= 1
            self._shown[frame.source_id] = least + 1
            return True

    def take(self, seen: SeenFrame) -> None:
        """Have a frame to look at."""
        with self._lock:
            self._frames.append(seen)

    def _collect(self, deadline: Deadline, pause: Pause) -> list[SeenFrame]:
        """As many frames as the model in use has in a batch, or fewer if they do not come."""
        single_s = self._candidate.model.single_s or _TICK_S
        size = min(self._used.tally.usual_size(), max(1, int(_ROUND_S / single_s)))
        patience = Deadline(_PATIENCE_S, self._clock)
        with self._lock:
            self._missing = size
        while not deadline.is_over():
            with self._lock:
                if len(self._frames) >= size or (self._frames and patience.is_over()):
                    self._missing = 0
                    frames, self._frames = self._frames, []
                    return frames
                if patience.is_over():  # what was to come was left out after all
                    self._missing = size
            pause(_TICK_S)
        return []

    def _look(self, frames: list[SeenFrame], pause: Pause) -> tuple[bool, float]:
        """Show frames to the candidate; whether it is well, and how long to leave it alone."""
        input_hw = self._candidate.model.input_hw
        pictures = np.empty((len(frames), *input_hw, 3), dtype=np.uint8)
        boxes = [paint_letterboxed(each.frame, pictures[n]) for n, each in enumerate(frames)]

        def work(detector: Detector) -> tuple[NDArray[np.float32] | Exception, Run]:
            start_s = self._clock.monotonic()
            try:
                found: NDArray[np.float32] | Exception = detector.infer(pictures)
            except Exception as exc:  # noqa: BLE001 - what ails it is the result
                found = exc
            return found, Run(start_s, self._clock.monotonic(), len(pictures))

        answer, run = self._candidate.call(work, self.hang_s, lambda: pause(0.0))
        if isinstance(answer, Exception):
            self._new.fail(first_line(answer))
            return False, 0.0
        wrong = implausible(answer)
        if wrong:
            self._new.fail(f"it answers {wrong}")
            return False, 0.0
        self._new.add_run(run)
        self._side_by_side.add(run)
        for seen, box, candidates in zip(frames, boxes, answer, strict=True):
            self._compare(seen, box, candidates)
        took_s = run.end_s - run.start_s
        return True, max(len(frames) / _MOST_FPS, _REST * took_s) - took_s

    def _compare(self, seen: SeenFrame, box: Letterbox, candidates: NDArray[np.float32]) -> None:
        own = candidates.copy()
        own[:, :4] = box.to_source(own[:, :4])
        old = objects_of(seen.candidates, box.source_hw, self._used.thresholds)
        new = objects_of(own, box.source_hw, self._candidate.thresholds)
        self._old.add_frame(seen.frame.info.source_id, len(old))
        self._new.add_frame(seen.frame.info.source_id, len(new))
        agreed, compared = compare(old, new, self._classes)
        self._agreed += agreed
        self._compared += compared
        own[:, 5] = self._classes.to_old(own[:, 5].astype(np.int32))
        self._on_second(seen, own[own[:, 5] >= 0])


@dataclass(slots=True)
class _Sum:
    """Runs that are counted together."""

    tally: RunTally
    pictures: int = 0

    def add(self, run: Run) -> None:
        self.tally.add_run(run)
        self.pictures += run.size


class _SideBySide:
    """The runs of the model in use, as far as the other one ran at the same time.

    Both then had the same share of the machine, so that their times can be compared.
    """

    def __init__(self, used: RunTally, start_s: float) -> None:
        self._used = used
        self._looked_s = start_s
        self._others: deque[Run] = deque(maxlen=8)
        self._together, self._every = _Sum(RunTally()), _Sum(RunTally())

    def add(self, other: Run) -> None:
        """The candidate has run; look at the runs that have ended since the last time."""
        self._others.append(other)
        for run in self._used.recent_runs(self._looked_s):
            self._looked_s = run.end_s
            self._every.add(run)
            if any(run.start_s < each.end_s and each.start_s < run.end_s for each in self._others):
                self._together.add(run)

    def figures(self, frames: RunTally) -> RunFigures:
        """The times, with what was seen in `frames`."""
        is_enough = self._together.pictures >= _ENOUGH
        times = (self._together if is_enough else self._every).tally.figures()
        return RunFigures(
            pictures=times.pictures,
            batches=times.batches,
            infer_s=times.infer_s,
            p50_s=times.p50_s,
            p99_s=times.p99_s,
            sources=frames.figures().sources,
        )
