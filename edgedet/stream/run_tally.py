"""What a model did: runs of its backend, frames and objects by source, failures."""

import threading
from collections import deque
from itertools import islice
from typing import NamedTuple

import numpy as np

from edgedet.rollout.base import RunFigures, SourceFigures

_RECENT = 1024  # runs that percentiles are made of, and that others may look at


class Run(NamedTuple):
    """A batch in the backend, from when to when in monotonic seconds, and its pictures."""

    start_s: float
    end_s: float
    size: int


class RunTally:
    """Counts from nothing. For any thread."""

    def __init__(self) -> None:
        """Begin."""
        self._lock = threading.Lock()  # guards everything below
        self._runs: deque[Run] = deque(maxlen=_RECENT)
        self._batches = self._pictures = self._errors = 0
        self._infer_s = 0.0
        self._frames: dict[str, int] = {}
        self._objects: dict[str, int] = {}
        self._failure = ""

    def add_run(self, run: Run) -> None:
        """Count a batch that was answered."""
        with self._lock:
            self._runs.append(run)
            self._batches += 1
            self._pictures += run.size
            self._infer_s += run.end_s - run.start_s

    def add_frame(self, source_id: str, objects: int) -> None:
        """Count a frame that was answered, and the objects in it."""
        with self._lock:
            self._frames[source_id] = self._frames.get(source_id, 0) + 1
            self._objects[source_id] = self._objects.get(source_id, 0) + objects

    def fail(self, reason: str) -> None:
        """Count a batch that was not answered; the first reason is kept."""
        with self._lock:
            self._batches += 1
            self._errors += 1
            self._failure = self._failure or reason

    def recent_runs(self, since_s: float) -> list[Run]:
        """The latest runs that ended after the monotonic time `since_s`, oldest first."""
        with self._lock:
            found = [run for run in reversed(self._runs) if run.end_s > since_s]
        return found[::-1]

    def usual_size(self) -> int:
        """The pictures of a usual batch, at least 1: the mean of the latest ones."""
        with self._lock:
            latest = list(islice(reversed(self._runs), 50))
        return max(1, round(sum(run.size for run in latest) / len(latest))) if latest else 1

    def figures(self) -> RunFigures:
        """What was counted so far."""
        with self._lock:
            p50_s, p99_s = paces_s(self._runs)
            return RunFigures(
                pictures=self._pictures,
                batches=self._batches,
                errors=self._errors,
                infer_s=self._infer_s,
                p50_s=p50_s,
                p99_s=p99_s,
                sources={
                    name: SourceFigures(frames, self._objects[name])
                    for name, frames in self._frames.items()
                },
                failure=self._failure,
            )


def paces_s(runs: "deque[Run] | list[Run]") -> tuple[float, float]:
    """Median and 99th percentile of the seconds that a picture took; 0 without any."""
    if not runs:
        return 0.0, 0.0
    paces = np.array([(run.end_s - run.start_s) / run.size for run in runs])
    p50_s, p99_s = np.quantile(paces, (0.5, 0.99)).tolist()
    return float(p50_s), float(p99_s)
