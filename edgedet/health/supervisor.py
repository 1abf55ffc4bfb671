"""The thread that looks whether everything gets on, and feeds the watchdog only while it does."""

import logging
import threading
from collections.abc import Callable

from edgedet.clock import Clock
from edgedet.health.base import Vitals
from edgedet.health.history import History
from edgedet.health.notify import Notifier
from edgedet.health.verdict import Check, failures, has_started, liveness, status_line

logger = logging.getLogger(__name__)

_LONGEST_TICK_S = 1.0
_TICKS_A_FEED = 4  # of a watchdog's interval: half would do, and one look may be late
_STATUS_S = 5.0
_LOOKS = 3  # in a row: after SIGSTOP and SIGCONT everything looks silent, but for a moment only
_LOADING_LIMIT_S = 900.0  # an engine that is built on the device takes minutes


class Supervisor:
    """Looks again and again, on the thread that calls `run`.

    When a stage is stuck, the watchdog gets no more food, and `on_stall` is called once with what
    is stuck: where nobody else watches, the process has to end by itself.
    """

    def __init__(  # noqa: PLR0913 - the composition root hands over every part by name
        self,
        *,
        look: Callable[[], Vitals],
        notifier: Notifier,
        watchdog_s: float,
        on_stall: Callable[[str], object],
        history: History,
        clock: Clock,
    ) -> None:
        """`watchdog_s` is the interval in which systemd wants to hear of us, 0 for never."""
        self._look = look
        self._notifier = notifier
        self._on_stall = on_stall
        self._history = history
        self._clock = clock
        self._tick_s = min(_LONGEST_TICK_S, watchdog_s / _TICKS_A_FEED or _LONGEST_TICK_S)
        self._loading_since_s = self._loaded_s = clock.monotonic()
        self._told = ""
        self._told_s = float("-inf")
        self._latest = (look(), self._loaded_s)
        self._stuck_looks = 0
        self._has_started = self._has_stalled = False

    @property
    def latest(self) -> Vitals:
        """What was seen last, about a second ago; for any thread."""
        return self._latest[0]

    def silence_s(self) -> float:
        """Seconds since that look: a supervisor that hangs sees nothing."""
        return self._clock.monotonic() - self._latest[1]

    @property
    def has_started(self) -> bool:
        """Whether the service manager was told that we are ready."""
        return self._has_started

    def begin_reload(self) -> None:
        """Tell that the configuration is read anew; from any thread."""
        if self._has_started:
            self._notifier.reloading()

    def end_reload(self) -> None:
        """Tell that this is over."""
        if self._has_started:
            self._notifier.ready(status_line(self.latest))

    def run(self, stop: threading.Event) -> None:
        """Look until `stop`; the target of a worker."""
        while not stop.wait(self._tick_s):
            self.turn()

    def turn(self) -> None:
        """Look once, and tell."""
        vitals = self._look()
        self._latest = (vitals, self._clock.monotonic())
        self._history.add(vitals)
        failed = failures(liveness(vitals)) or self._loading_too_long(vitals)
        self._stuck_looks = self._stuck_looks + 1 if failed else 0
        if self._stuck_looks >= _LOOKS and not self._has_stalled:
            self._has_stalled = True
            self._tell(vitals)
            self._on_stall(f"{failed[0].name}: {failed[0].reason}")
        if failed or self._has_stalled:
            return
        self._notifier.alive()
        self._tell_of_start(vitals)
        if self._clock.monotonic() - self._told_s >= _STATUS_S:
            self._tell(vitals)

    def _tell_of_start(self, vitals: Vitals) -> None:
        now_s = self._clock.monotonic()
        if not vitals.model.backend:
            self._loaded_s = now_s
        if self._has_started:
            return
        if has_started(vitals, now_s - self._loaded_s):
            self._has_started = True
            self._notifier.ready(status_line(vitals))
            logger.info("ready: %s", status_line(vitals))
        else:
            self._notifier.extend_start(10.0 * _LONGEST_TICK_S)

    def _loading_too_long(self, vitals: Vitals) -> list[Check]:
        if vitals.model.backend:
            return []
        waited_s = self._clock.monotonic() - self._loading_since_s
        reason = f"not loaded after {waited_s:.0f} s (limit {_LOADING_LIMIT_S:.0f} s)"
        return [Check("model", is_ok=False, reason=reason)] if waited_s > _LOADING_LIMIT_S else []

    def _tell(self, vitals: Vitals) -> None:
        line = status_line(vitals)
        self._told_s = self._clock.monotonic()
        if line != self._told:
            self._told = line
            self._notifier.status(line)
