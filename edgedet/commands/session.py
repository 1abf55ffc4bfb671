"""Running an application from start to end: signals, time limit, and the exit code."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from edgedet.app import FLUSH_TIMEOUT_S, Application, Event
from edgedet.stream.view import Snapshot

logger = logging.getLogger(__name__)

Show = Callable[[Snapshot], None]
Handler = Callable[[int, FrameType | None], None]


class Companion(Protocol):
    """What runs beside an application."""

    def start(self) -> None:
        """Begin; the application has started."""
        ...

    def ending(self, event: Event | None) -> None:
        """The application is about to be stopped, for this reason."""
        ...

    def stop(self) -> None:
        """End; the application has been stopped. May be called without a start."""
        ...


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_to_end(
    app: Application,
    *,
    show: Show,
    refresh_s: float,
    duration_s: float | None = None,
    companions: Sequence[Companion] = (),
) -> int:
    """Run `app` until it ends, is interrupted, or `duration_s` is over; the exit code.

    `show` is called every `refresh_s`, on this thread, and once more at the end.
    """
    with _interrupting(app):
        try:
            app.start()
            for companion in companions:
                companion.start()
            event = _watch(app, show, refresh_s, duration_s)
            for companion in companions:
                companion.ending(event)
            code = _finish(app) if event is Event.ENDED else 0
            if event is None:
                code = _report_stuck_outlet(app)
        finally:
            app.stop()
            for companion in companions:
                companion.stop()
        show(app.snapshot())
    return code


def leave(code: int) -> None:
    """End the process at once, whatever its threads do, with what was printed so far."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _watch(
    app: Application, show: Show, refresh_s: float, duration_s: float | None
) -> Event | None:
    """Wait for the end; None if the outlet took nothing for so long that there will be none."""
    start_s = time.monotonic()
    end_s = float("inf") if duration_s is None else start_s + duration_s
    room_s = start_s
    while True:
        now_s = time.monotonic()
        event = app.wait(max(0.0, min(refresh_s, end_s - now_s)))
        if event is Event.RELOAD:
            app.reloader.reload_soon()
        elif event is not None:
            return event
        now_s = time.monotonic()
        if now_s >= end_s:
            return Event.INTERRUPTED
        if not app.is_finite or not app.has_stuck_outlet():
            room_s = now_s
        elif now_s - room_s > FLUSH_TIMEOUT_S:
            return None
        show(app.snapshot())


def _finish(app: Application) -> int:
    """Hand over what is left after the last frame; the exit code."""
    if app.error is not None:
        logger.error("stopped: %s", app.error)
        return 1
    event, lost = app.flush(FLUSH_TIMEOUT_S)
    if event is Event.INTERRUPTED:
        logger.warning("interrupted with %d messages not handed over", lost)
        return 1 if lost else 0
    failed = app.failed_sources
    if failed:
        logger.error("failed sources: %s", ", ".join(failed))
    if lost:
        _report_lost(app, lost)
    return 1 if lost or failed else 0


def _report_stuck_outlet(app: Application) -> int:
    logger.error("the outlet took nothing for %.0f s; giving up", FLUSH_TIMEOUT_S)
    _report_lost(app, app.flush(0.0)[1])
    return 1


def _report_lost(app: Application, lost: int) -> None:
    snapshot = app.snapshot()
    logger.error(
        "%d messages were not handed over (%s is %s); %d of them are on disk, for the next run",
        lost,
        snapshot.broker_url or "the output file",
        snapshot.broker_state or "failing",
        snapshot.spooled,
    )


@contextmanager
def _interrupting(app: Application) -> Iterator[None]:
    """The first SIGINT or SIGTERM interrupts `app`, the second ends the process.

    SIGHUP has it read its configuration anew; on a terminal it means that the terminal is gone.
    """
    seen: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            os._exit(128 + number)
        app.interrupt()

    def on_hangup(_number: int, _frame: FrameType | None) -> None:
        app.interrupt(Event.RELOAD)

    handlers: dict[signal.Signals, Handler] = dict.fromkeys(_SIGNALS, on_signal)
    has_terminal = os.isatty(sys.__stderr__.fileno()) if sys.__stderr__ else False
    handlers[signal.SIGHUP] = on_signal if has_terminal else on_hangup
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
