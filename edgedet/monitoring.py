"""What watches over a run: the watchdog's thread, the record of how it ended, systemd."""

import logging

from edgedet.app import Application, Event
from edgedet.clock import Clock, SystemClock
from edgedet.config.service import ServiceManager
from edgedet.config.settings import Settings
from edgedet.errors import EdgedetError, first_line
from edgedet.event import RunEnd
from edgedet.health.history import History
from edgedet.health.last_run import RunRecord
from edgedet.health.notify import Notifier
from edgedet.health.stacks import all_stacks
from edgedet.health.supervisor import Supervisor
from edgedet.stream.worker import Worker
from edgedet.vitals import Observer

logger = logging.getLogger(__name__)

_STOP_S = 2.0


class StalledError(EdgedetError):
    """A stage that should get on does not: only a new start helps."""


class Monitoring:
    """Watches over one run of `app`, from `start` to `stop`."""

    def __init__(
        self,
        app: Application,
        settings: Settings,
        record: RunRecord,
        manager: ServiceManager,
        clock: Clock | None = None,
    ) -> None:
        """Prepare; `record` was begun, and systemd hears of `app` through `manager`."""
        clock = clock or SystemClock()
        self._app = app
        self._record = record
        self._notifier = Notifier(manager.notify_socket)
        self._observer = Observer(app, settings, clock)
        self._supervisor = Supervisor(
            look=self._observer.look,
            notifier=self._notifier,
            watchdog_s=manager.watchdog_s,
            on_stall=self._stalled,
            history=History(clock),
            clock=clock,
        )
        self._worker = Worker("health", self._supervisor.run, app.fail)

    def start(self) -> None:
        """Begin to look."""
        self._worker.start()

    def ending(self, event: Event | None) -> None:
        """Tell why the run comes to its end, before everything is stopped; None: it is stuck."""
        error = self._app.error
        if error is not None:
            self._record.end(RunEnd.CRASHED, f"{type(error).__name__}: {first_line(error)}")
        elif event is None:
            self._record.end(RunEnd.CRASHED, "the outlet took nothing any more")
        else:
            is_told = event is Event.INTERRUPTED
            self._record.end(RunEnd.STOPPED if is_told else RunEnd.ENDED)
        self._notifier.stopping("stopping" if error is None else f"stopping: {first_line(error)}")

    def stop(self) -> None:
        """Look no more; may be called twice."""
        self._worker.stop(_STOP_S)

    def _stalled(self, what: str) -> None:
        """End the process, as a watchdog would: systemd or whoever is in its place starts us anew.

        Should even this hang, systemd's watchdog, which gets no more food, ends us with SIGABRT.
        """
        self._record.end(RunEnd.STALLED, what)
        logger.error("stuck: %s; giving up\n%s", what, all_stacks())
        self._app.fail(StalledError(f"stuck: {what}"))
