"""One thread that runs its share of a batch, while the caller runs another."""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import NDArray

from edgedet.errors import ModelError
from edgedet.stream.worker import Worker

_IDLE_S = 0.5  # bounds the wait; a share wakes the thread anyway
_STOP_S = 5.0

Images = NDArray[np.uint8]
Candidates = NDArray[np.float32]


class Lane:
    """Runs `infer` on a thread of its own. One share at a time: `submit`, then `result`."""

    def __init__(self, name: str, infer: Callable[[Images], Candidates]) -> None:
        """Start the thread."""
        self._infer = infer
        self._shares: SimpleQueue[Images | None] = SimpleQueue()
        self._answers: SimpleQueue[Candidates | Exception] = SimpleQueue()
        self._worker = Worker(name, self._run)
        self._worker.start()

    def submit(self, images_nhwc: Images) -> None:
        """Begin with a share; it must stay as it is until `result`."""
        self._shares.put(images_nhwc)

    def result(self) -> Candidates:
        """The answer for the share, or the exception that `infer` raised.

        Raises:
            ModelError: if the thread has ended without an answer.
        """
        answer = self.outcome()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def outcome(self) -> Candidates | Exception:
        """The answer for the share, or what `result` would raise."""
        while True:
            is_alive = self._worker.is_alive  # asked first: it may answer and then end
            try:
                return self._answers.get(timeout=_IDLE_S if is_alive else 0)
            except Empty:
                if not is_alive:
                    break
        name = self._worker.name
        return ModelError(f"thread '{name}' ended without an answer; make a new detector")

    def close(self) -> None:
        """End the thread; may be called twice."""
        self._worker.request_stop()
        self._shares.put(None)
        self._worker.stop(_STOP_S)
        self._infer = _gone  # its session goes now, not when the garbage is collected

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                share = self._shares.get(timeout=_IDLE_S)
            except Empty:
                continue
            if share is None:
                return
            try:
                self._answers.put(self._infer(share))
            except Exception as exc:  # noqa: BLE001 - it is raised where the result is taken
                self._answers.put(exc)


def _gone(_images_nhwc: Images) -> Candidates:
    """What a lane runs once it is closed.

    Raises:
        ModelError: always.
    """
    msg = "the lane of a detector is closed; make a new one"
    raise ModelError(msg)


def gather(lanes: Sequence[Lane]) -> list[Candidates]:
    """The answers of all `lanes`, in their order.

    Every lane's is taken, also when one of them failed: an answer left behind would pass for that
    of the next batch.

    Raises:
        Exception: what the first lane that failed raised.
    """
    outcomes = [lane.outcome() for lane in lanes]
    answers = []
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        answers.append(outcome)
    return answers
