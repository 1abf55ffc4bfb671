"""The composition root: settings in, objects out, started in one order and stopped in reverse.

Sinks start first and sources last. A source in trouble is a status; a detector in trouble is the
end, with an error, so that the service manager starts us anew.
"""

from enum import Enum
from queue import Empty, SimpleQueue
from typing import NamedTuple

from edgedet.analysis import make_analysts
from edgedet.clock import Clock, Deadline, SystemClock
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.detect import store_in
from edgedet.feeds import Feeds, SourceFactory, make_inlet
from edgedet.lineup import Lineup
from edgedet.manifest import identity_of
from edgedet.model_change import ModelChange
from edgedet.outlets import Outlets
from edgedet.promptness import take_short_turns
from edgedet.publish.identity import Birth
from edgedet.reload import ReadSettings, Reloader, nothing_to_read
from edgedet.remote import Remote
from edgedet.sampling_start import SamplingStart
from edgedet.source import create_source
from edgedet.startup import checked_sources, command_memory, model_of
from edgedet.stream.batch import Inlet
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.reporter import StatusReporter
from edgedet.stream.stats import PipelineStats
from edgedet.stream.view import Snapshot
from edgedet.stream.worker import Worker

STOP_TIMEOUT_S = 5.0
FLUSH_TIMEOUT_S = 30.0
_SOURCES_STOP_S = 1.5  # a source that hangs in a driver may not use up the time of the others


class Event(str, Enum):
    """Why a wait of the application came to its end."""

    ENDED = "ended"
    """The pipeline has ended: all sources have, or it failed."""
    FLUSHED = "flushed"
    INTERRUPTED = "interrupted"
    RELOAD = "reload"
    """Somebody asks for the configuration to be read anew."""


class Parts(NamedTuple):
    """What an application consists of."""

    pipeline: Pipeline
    feeds: Feeds
    outlets: Outlets
    reporting: Worker


class Application:
    """Everything that runs for one configuration. One thread owns it; `interrupt` is for any."""

    def __init__(  # noqa: PLR0913 - every part that a caller may replace
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        appends_jsonl: bool = True,
        remeasures: bool = False,
        make_source: SourceFactory = create_source,
        birth: Birth | None = None,
        read_settings: ReadSettings = nothing_to_read,
    ) -> None:
        """Build everything; nothing runs yet.

        `remeasures`: what `backend: auto` remembers is not believed, but measured anew.
        `make_source` makes what reads each source. `birth` names this run; `read_settings` reads
        the configuration anew.

        Raises:
            ConfigError: if something that the settings name makes no sense, or is not there.
            ModelError: if the bundle cannot be used.
            PublishError: if the JSON-lines file or the embedded broker's port cannot be opened.
        """
        self._clock, self._settings = clock or SystemClock(), settings
        sources, memory = checked_sources(settings), command_memory(settings)
        self.models = ModelChange(settings, birth.last_run if birth else None, self._clock)
        self.bundle = self.models.bundle
        self._events: SimpleQueue[Event] = SimpleQueue()  # put by signal handlers, too
        self._sink_error: BaseException | None = None
        self._started_s, self._stopped = self._clock.monotonic(), False
        self._outlets = Outlets(
            settings,
            identity_of(self.bundle.manifest),
            self._clock,
            birth=birth or Birth(),
            appends_jsonl=appends_jsonl,
            on_error=self.fail,
        )
        self._reporter = StatusReporter(self._outlets.sink, settings.mqtt.heartbeat_s, self._clock)
        self._reporting = Worker("status", self._reporter.run)
        inlets = [make_inlet(source) for source in sources]
        self._analysts = make_analysts(sources, self.bundle, self._outlets.origin.boot)
        self._pipeline = self._make_pipeline(inlets, remeasures=remeasures)
        self._feeds = self._make_feeds(list(zip(sources, inlets, strict=True)), make_source)
        self.samples = SamplingStart(settings, self.bundle.manifest, self._pipeline, self._clock)
        parts = (self._outlets, self._feeds, self._pipeline, self._clock)
        running = (self._pipeline, self._make_lineup(), self._clock)
        self.reloader = Reloader(read_settings, settings, *running)
        asked = (self.reloader, self.samples, self.models)
        self._remote = Remote(settings.mqtt, memory, *parts, *asked)
        self.models.attach(self._pipeline, self.reloader, self.samples, self._outlets, self.fail)

    @property
    def error(self) -> BaseException | None:
        """What ended the pipeline or a sink, if one of them failed."""
        return self._sink_error or self._pipeline.error

    @property
    def is_finite(self) -> bool:
        """Whether the run ends by itself."""
        return all(source.is_finite for source in self._settings.sources if source.enabled)

    @property
    def failed_sources(self) -> tuple[str, ...]:
        """The sources that were given up."""
        return self._feeds.failed

    @property
    def parts(self) -> Parts:
        """What runs, for those who watch over it."""
        return Parts(self._pipeline, self._feeds, self._outlets, self._reporting)

    @property
    def stats(self) -> PipelineStats:
        """Counts and times of the pipeline, as they go on."""
        return self._pipeline.stats

    def start(self) -> None:
        """Start everything, sinks first. From now on Python's threads take short turns.

        Raises:
            PublishError: if the embedded broker does not start.
        """
        take_short_turns()
        self._outlets.tell("detector", lambda: {**self._pipeline.detector_figures()})
        self._outlets.start()
        self._reporting.start()
        self.samples.start()
        self._pipeline.start(lambda: self._events.put(Event.ENDED), self._feeds.limited)
        self._feeds.start()
        self._remote.start()
        self.models.start()

    def interrupt(self, event: Event = Event.INTERRUPTED) -> None:
        """End the present `wait` with `event`; safe in a signal handler."""
        self._events.put(event)

    def fail(self, error: BaseException) -> None:
        """End the run with `error`, from any thread; the first one counts."""
        self._sink_error = self._sink_error or error
        self._events.put(Event.ENDED)

    def wait(self, timeout_s: float) -> Event | None:
        """Wait for something to happen; None when nothing did in time."""
        try:
            return self._events.get(timeout=timeout_s)
        except Empty:
            return None

    def has_stuck_outlet(self) -> bool:
        """Whether a lossless run cannot go on now, as the outlet takes nothing more."""
        return not self._outlets.sink.wait_for_room(0.0)

    def flush(self, timeout_s: float) -> tuple[Event | None, int]:
        """Hand over what is left; what ended the wait, and how many messages were lost."""
        self._reporting.stop(timeout_s)
        lost = [0]

        def hand_over(_stop: object) -> None:
            lost[0] = self._outlets.sink.flush(timeout_s)
            self._events.put(Event.FLUSHED)

        flusher = Worker("flush", hand_over)
        flusher.start()
        event = self.wait(timeout_s + 1.0)
        if event is Event.RELOAD:  # too late for that
            event = self.wait(timeout_s + 1.0)
        if event is not Event.FLUSHED:
            lost[0] = self._outlets.sink.flush(0.0)
        return event, lost[0]

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Stop everything, sources first; whether every thread ended. May be called twice."""
        if self._stopped:
            return True
        self._stopped = True
        deadline = Deadline(timeout_s, self._clock)
        self._feeds.request_stop()
        self._remote.request_stop()
        self.models.request_stop()
        self.reloader.request_stop()
        has_ended = self._pipeline.stop(deadline.remaining_s())
        has_ended &= self._feeds.stop(min(_SOURCES_STOP_S, deadline.remaining_s()))
        for stop in (self._remote.stop, self.models.stop, self.reloader.stop):
            has_ended &= stop(deadline.remaining_s())
        has_ended &= self.samples.stop(deadline.remaining_s())
        has_ended &= self._reporting.stop(deadline.remaining_s())
        self._outlets.stop(deadline.remaining_s())
        return has_ended

    def snapshot(self) -> Snapshot:
        """The figures for the table and the summary."""
        now_s = self._clock.monotonic()
        return Snapshot(
            sources=self._feeds.views(now_s),
            stages=self.stats.stages(),
            backend=self._pipeline.backend,
            uptime_s=now_s - self._started_s,
            frames=self.stats.frames,
            broker_url=self._outlets.broker_url,
            broker_state=self._outlets.broker_state,
            spooled=self._outlets.spooled,
            topics=f"{self._settings.mqtt.topic_root}/#",
        )

    def _make_pipeline(self, inlets: list[Inlet], *, remeasures: bool) -> Pipeline:
        batch = self._settings.batch
        store = store_in(self._settings.state_dir, remeasures=remeasures)
        model = model_of(self.bundle, self._settings.model, batch.max_size, store)
        sink = self._outlets.sink
        pipeline = Pipeline(inlets, model, sink, self._analysts, batch, self._clock)
        pipeline.roster.watch(self._outlets.use_model)
        return pipeline

    def _make_lineup(self) -> Lineup:
        told = [self._outlets.set_sources, self.samples.set_sources]
        return Lineup(self._feeds, self._pipeline, self._analysts, told)

    def _make_feeds(
        self, sources: list[tuple[SourceSettings, Inlet]], make_source: SourceFactory
    ) -> Feeds:
        return Feeds(
            sources,
            self._pipeline.stats,
            self._reporter,
            self._outlets.sink.wait_for_room,
            self._clock,
            make_source,
        )
