"""The only place that makes threads: each has a name, an owner, a stop and a join.

Threads are not daemons: a daemon that is torn down inside a native library takes the process with
it. A thread that does not end within its limit is reported by `stop`; the owner of the process then
leaves through `os._exit` once everything that must be handed over has been (see `edgedet.cli`), so
a hung camera cannot hold up a stop.
"""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

Target = Callable[[threading.Event], None]
ErrorCallback = Callable[[BaseException], None]


class Worker:
    """A thread that runs `target(stop_event)` once.

    `target` returns soon after the event is set, or by itself when its work is done. What it raises
    is kept in `error` and given to `on_error`, on the worker's own thread.
    """

    def __init__(self, name: str, target: Target, on_error: ErrorCallback | None = None) -> None:
        """Prepare the thread; nothing runs before `start`."""
        self.name = name
        self.error: BaseException | None = None
        self._target = target
        self._on_error = on_error
        self._stop_event = threading.Event()
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
            self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread was started and has not ended."""
        return self._thread.is_alive()

    @property
    def stop_requested(self) -> bool:
        """Whether the event that `target` watches is set."""
        return self._stop_event.is_set()

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
        try:
            self._target(self._stop_event)
        except BaseException as exc:  # noqa: BLE001 - the top of a worker: the owner decides
            self.error = exc
            if self._on_error is None:
                logger.error("thread '%s' ended with %s: %s", self.name, type(exc).__name__, exc)  # noqa: TRY400
            else:
                self._on_error(exc)
