"""A model's detector on the thread that makes it, asks it and closes it.

What is to be done with the detector comes as tasks, one after the other: so a thread that hangs in
a native library holds up nobody but those who wait for that task, and they have a limit.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from typing import TypeVar

import numpy as np

from edgedet.clock import Clock, Deadline
from edgedet.detect.base import Detector
from edgedet.errors import ModelError, first_line
from edgedet.promptness import step_back
from edgedet.stream.channel import Channel
from edgedet.stream.heap import give_back_heap
from edgedet.stream.model import Model
from edgedet.stream.run_tally import RunTally
from edgedet.stream.worker import StopSignal, Worker

T = TypeVar("T")
Task = Callable[[Detector], None]
Waiting = Callable[[], object]

_POLL_S = 0.5
_TASKS = 2
_SLOW_S = 0.25  # for a picture: a whole batch of them is not tried beforehand


def _nothing() -> None:
    """What to do while waiting, if nothing."""


class Runner:
    """One model that is loaded, or about to be. All but what a task does is for any thread."""

    def __init__(
        self,
        name: str,
        model: Model,
        on_error: Callable[["Runner", BaseException], None],
        clock: Clock,
    ) -> None:
        """Prepare the thread; nothing is loaded before `start`.

        `on_error` hears on it of a model that does not load, and of what a task raises.
        """
        self.model = model
        self.backend = ""
        # a value: whoever sets it replaces both at once, for the next batch
        self.thresholds = model.thresholds
        self.tally = RunTally()
        self._warm_up_size = 0
        self._clock = clock
        self._tasks = Channel[Task](_TASKS)
        self.worker = Worker(name, self._run, lambda error: on_error(self, error), clock)

    @property
    def has_ended(self) -> bool:
        """Whether it was told to end, and has."""
        return self.worker.stop_requested and not self.worker.is_alive

    def start(self, warm_up_size: int = 0) -> None:
        """Load the model, and try batches of up to `warm_up_size` before anything waits for it."""
        self._warm_up_size = warm_up_size
        self.worker.start()

    def request_stop(self) -> None:
        """End after what was asked before: that may be a batch, which nobody else has."""
        self.worker.request_stop()
        self._tasks.close()

    def stop(self, timeout_s: float) -> bool:
        """The same, and wait; whether it has ended."""
        self.request_stop()
        return self.worker.stop(timeout_s)

    def wait_until_loaded(self, timeout_s: float, while_waiting: Waiting = _nothing) -> None:
        """Wait, calling `while_waiting` now and then; what that raises is let pass.

        Raises:
            ModelError: it does not load, or not in time.
        """
        self.call(lambda _detector: None, timeout_s, while_waiting)

    def ask(self, task: Task) -> None:
        """Have `task` done on the thread, after those that were asked for before.

        Raises:
            ModelError: the thread has too much to do already, or has ended.
        """
        if not self._tasks.put(task, _POLL_S):
            raise self._refusal()

    def call(
        self, work: Callable[[Detector], T], timeout_s: float, while_waiting: Waiting = _nothing
    ) -> T:
        """The result of `work` on the thread.

        Raises:
            ModelError: it did not come in time, or the thread has ended; also what `work` raises.
        """
        answer: Future[T] = Future()

        def task(detector: Detector) -> None:
            try:
                answer.set_result(work(detector))
            except Exception as exc:  # noqa: BLE001 - raised where it is waited for
                answer.set_exception(exc)

        self.ask(task)
        deadline = Deadline(timeout_s, self._clock)
        while True:
            try:
                return answer.result(min(_POLL_S, deadline.remaining_s()))
            except FutureTimeoutError:
                if not answer.done():
                    self._check(deadline, timeout_s)
            while_waiting()

    def _check(self, deadline: Deadline, timeout_s: float) -> None:
        if not self.worker.is_alive:
            raise self._refusal()
        if deadline.is_over():
            name = self.model.identity.name
            msg = f"model '{name}' did not answer within {timeout_s:.0f} s; it is left alone"
            raise ModelError(msg)

    def _refusal(self) -> ModelError:
        """Why nothing is done any more."""
        name, error = self.model.identity.name, self.worker.error
        if isinstance(error, ModelError):
            return error
        if error is not None:
            return ModelError(f"model '{name}' has failed: {first_line(error)}")
        is_stuck = self.worker.is_alive and not self.worker.stop_requested
        return ModelError(f"model '{name}' {'is stuck' if is_stuck else 'was let go'}")

    def _run(self, stop: StopSignal) -> None:
        step_back()
        detector: Detector | None = None
        try:
            detector = self.model.make_detector()
            if self._warm_up_size:
                self._warm_up(detector)
            self.backend = detector.backend
            while not self._tasks.is_drained:
                stop.beat()
                task = self._tasks.get(_POLL_S)
                if task is not None:
                    task(detector)
                del task  # what it holds, too
        finally:
            self._tasks.close()
            if detector is not None:
                detector.close()
                detector = None
                give_back_heap()

    def _warm_up(self, detector: Detector) -> None:
        """Run it in the sizes that will come, as the first run of each allocates, and time it."""
        shape = (*self.model.input_hw, 3)
        pictures = np.full((self._warm_up_size, *shape), 114, np.uint8)
        detector.infer(pictures[:1])
        start_s = time.perf_counter()
        detector.infer(pictures[:1])
        single_s = time.perf_counter() - start_s
        self.model = replace(self.model, single_s=single_s)
        if self._warm_up_size > 1 and single_s < _SLOW_S:
            detector.infer(pictures)
