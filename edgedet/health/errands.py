"""Work that would keep the web server waiting, done one after the other on a thread of its own.

Reading a ledger may wait for whoever writes it, and a picture has to be read and shrunk: meanwhile
live pictures and probes go on. The thread begins with the first errand.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, Full, Queue
from typing import TypeVar

from edgedet.stream.worker import StopSignal, Worker

MAX_WAITING = 64
"""Errands; a page asks for six things at once, and eight pages are open at most."""
_POLL_S = 0.5

Result = TypeVar("Result")


class BusyError(Exception):
    """Too many errands wait already."""


class Errands:
    """Runs errands. `run` is for the one thread with the event loop."""

    def __init__(self) -> None:
        """Begin without a thread."""
        self._waiting: Queue[Callable[[], None]] = Queue(MAX_WAITING)
        self._worker: Worker | None = None

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` gives back, or raises, on the other thread.

        Raises:
            BusyError: too many wait.
        """
        if self._worker is None:
            self._worker = Worker("errands", self._work)
            self._worker.start()
        future: Future[Result] = Future()

        def errand() -> None:
            if not future.set_running_or_notify_cancel():  # nobody waits for it any more
                return
            try:
                result = work()
            except Exception as exc:  # noqa: BLE001 - whoever waits for it decides
                future.set_exception(exc)
            else:
                future.set_result(result)

        try:
            self._waiting.put_nowait(errand)
        except Full:
            raise BusyError from None
        return await asyncio.wrap_future(future)

    def stop(self, timeout_s: float) -> bool:
        """End with the errand in hand; whether the thread ended. May be called twice."""
        if self._worker is None:
            return True
        self._worker.request_stop()
        with contextlib.suppress(Full):
            self._waiting.put_nowait(lambda: None)  # so that it need not wait for its next look
        return self._worker.stop(timeout_s)

    def _work(self, stop: StopSignal) -> None:
        while not stop.is_set():
            try:
                errand = self._waiting.get(timeout=_POLL_S)
            except Empty:
                continue
            if not stop.is_set():
                errand()
