"""The only place that makes threads: each has a name, an owner, a stop and a join.

Threads are not daemons: a daemon that is torn down inside a native library takes the process with
it. A thread that does not end within its limit is reported by `stop`; the owner of the process then
leaves through `os._exit` once everything that must be handed over has been (see `edgedet.cli`), so
a hung camera cannot hold up a stop.

Every loop asks its stop event at least twice a second, or waits for it with a time limit. That is
its sign of life, which the watchdog looks at: a thread that is stuck in a native call asks nothing.
"""

import logging
import threading
from collections.abc import Callable

from edgedet.clock import Clock, SystemClock
from edgedet.promptness import be_prompt

logger = logging.getLogger(__name__)


class StopSignal(threading.Event):
    """The event that a worker's target watches; knows when it was last asked."""

    def __init__(self, clock: Clock) -> None:
        """Count from now."""
        super().__init__()
        self._clock = clock
        self._alive_s = clock.monotonic()

    def is_set(self) -> bool:
        """Whether to end; a sign of life."""
        self.beat()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait to be set; no sign of life is expected before the time is over."""
        self._alive_s = self._clock.monotonic() + (timeout or 0.0)
        try:
            return super().wait(timeout)
        finally:
            self.beat()

    def beat(self) -> None:
        """Give a sign of life, for a loop that ends when its work does."""
        self._alive_s = self._clock.monotonic()

    def was_set(self) -> bool:
        """Whether it is set; no sign of life, as anybody may ask."""
        return super().is_set()

    def idle_s(self) -> float:
        """Seconds without a sign of life, beyond those of a wait."""
        return max(0.0, self._clock.monotonic() - self._alive_s)


Target = Callable[[StopSignal], None]
ErrorCallback = Callable[[BaseException], None]


class Worker:
    """A thread that runs `target(stop_event)` once.

    `target` returns soon after the event is set, or by itself when its work is done. What it raises
    is kept in `error` and given to `on_error`, on the worker's own thread.
    """

    def __init__(
        self,
        name: str,
        target: Target,
        on_error: ErrorCallback | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Prepare the thread; nothing runs before `start`."""
        self.name = name
        self.error: BaseException | None = None
        self._target = target
        self._on_error = on_error
        self._stop_event = StopSignal(clock or SystemClock())
        self._thread = threading.Thread(target=self._run, name=name, daemon=False)
        self._lock = threading.Lock()  # guards _started and _stopped
        self._started = False
        self._stopped = False

    def start(self) -> None:
        """Start the thread, once. After `stop` nothing starts: a stop may overtake a start.

        Raises:
            RuntimeError: if the worker was started before.
        """
        with self._lock:
            if self._started:
                msg = f"worker '{self.name}' was started before"
                raise RuntimeError(msg)
            if self._stopped:
                return
            self._started = True
            self._stop_event.beat()
            self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread was started and has not ended."""
        return self._thread.is_alive()

    @property
    def stop_requested(self) -> bool:
        """Whether the event that `target` watches is set."""
        return self._stop_event.was_set()

    def beat(self) -> None:
        """Give a sign of life, from a loop that has no stop event to ask."""
        self._stop_event.beat()

    def idle_s(self) -> float:
        """Seconds since the thread's last sign of life; 0 unless it runs."""
        return self._stop_event.idle_s() if self.is_alive else 0.0

    def request_stop(self) -> None:
        """Ask the thread to end without waiting, so that several end side by side."""
        with self._lock:
            self._stopped = True
        self._stop_event.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread to end by itself; whether it has. True if it never started."""
        if not self._started:
            return True
        if threading.current_thread() is self._thread:
            return False
        self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def stop(self, timeout_s: float) -> bool:
        """Ask the thread to end and wait; whether it ended. May be called again, or unstarted."""
        self.request_stop()
        has_ended = self.join(timeout_s)
        if not has_ended and threading.current_thread() is not self._thread:
            logger.warning("thread '%s' did not end within %.1f s", self.name, timeout_s)
        return has_ended

    def _run(self) -> None:
        be_prompt()
        try:
            self._target(self._stop_event)
        except BaseException as exc:  # noqa: BLE001 - the top of a worker: the owner decides
            self.error = exc
            if self._on_error is None:
                logger.error("thread '%s' ended with %s: %s", self.name, type(exc).__name__, exc)  # noqa: TRY400
            else:
                self._on_error(exc)
