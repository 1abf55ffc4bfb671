"""What watches over a run: the watchdog's thread, the record of how it ended, systemd."""

import logging

from edgedet.app import Application, Event
from edgedet.clock import Clock, SystemClock
from edgedet.config.service import ServiceManager
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.errors import EdgedetError, first_line
from edgedet.event import RunEnd, SourceState
from edgedet.health.answers import Answers, Looks
from edgedet.health.gallery import Gallery
from edgedet.health.guard import Guard, read_token
from edgedet.health.history import History
from edgedet.health.last_run import RunRecord
from edgedet.health.notify import Notifier
from edgedet.health.page_files import PageFiles
from edgedet.health.samples import SampleAnswers
from edgedet.health.server import WebServer
from edgedet.health.site import Site
from edgedet.health.stacks import all_stacks
from edgedet.health.supervisor import Supervisor
from edgedet.sample_desk import SampleDesk
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
        """Prepare; `record` was begun, and systemd hears of `app` through `manager`.

        Raises:
            ConfigError: the page cannot listen, or its token cannot be read.
        """
        clock = clock or SystemClock()
        self._app = app
        self._record = record
        self._notifier = Notifier(manager.notify_socket)
        history = History(clock)
        self._supervisor = Supervisor(
            look=Observer(app, settings, clock).look,
            notifier=self._notifier,
            watchdog_s=manager.watchdog_s,
            on_stall=self._stalled,
            history=history,
            clock=clock,
        )
        app.reloader.on_begin = self._supervisor.begin_reload
        app.reloader.on_end = self._supervisor.end_reload
        self._worker = Worker("health", self._supervisor.run, app.fail)
        self._server = _server(app, settings, self._supervisor, history, clock)

    @property
    def url(self) -> str:
        """Where the page is; empty for nowhere."""
        return "" if self._server is None else self._server.url

    def start(self) -> None:
        """Begin to look, and to answer."""
        self._worker.start()
        if self._server is not None:
            self._server.start()

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
        """Look and answer no more; may be called twice."""
        if self._server is not None:
            self._server.stop(_STOP_S)
        self._worker.stop(_STOP_S)

    def _stalled(self, what: str) -> None:
        """End the process, as a watchdog would: systemd or whoever is in its place starts us anew.

        Should even this hang, systemd's watchdog, which gets no more food, ends us with SIGABRT.
        """
        self._record.end(RunEnd.STALLED, what)
        logger.error("stuck: %s; giving up\n%s", what, all_stacks())
        self._app.fail(StalledError(f"stuck: {what}"))


def _server(
    app: Application, settings: Settings, supervisor: Supervisor, history: History, clock: Clock
) -> WebServer | None:
    http = settings.http
    if http.is_off:
        return None
    guard = Guard(None if http.token_file is None else read_token(http.token_file))
    looks = Looks(
        latest=lambda: supervisor.latest,
        silence_s=supervisor.silence_s,
        history=history,
        # a configuration that is read anew may bring others
        places=lambda: {each.id: _places(each) for each in app.reloader.settings.sources},
    )
    names = app.parts.outlets.origin.model.class_names
    gallery = Gallery(app.parts.pipeline.tap, names, http.max_pictures_per_s, clock)
    records = {record.source_id: record for record in app.parts.feeds.records}

    def state_of(source_id: str) -> SourceState | None:
        return records[source_id].status().state if source_id in records else None

    samples = SampleAnswers(SampleDesk(lambda: app.samples.now, state_of, clock))
    return WebServer(http, Site(Answers(looks, guard, PageFiles()), samples, gallery, guard))


def _places(source: SourceSettings) -> dict[str, object]:
    """The zones and lines of a source as the configuration has them."""
    return {
        "zones": [zone.model_dump(mode="json", exclude_unset=True) for zone in source.zones],
        "lines": [line.model_dump(mode="json", exclude_unset=True) for line in source.lines],
    }
