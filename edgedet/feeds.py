"""The sources of a configuration with their channels and threads."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgedet.clock import Clock, Deadline
from edgedet.config.source import SourceSettings
from edgedet.event import SourceLimit
from edgedet.frame import Frame
from edgedet.source import Backoff, FrameSource, create_source
from edgedet.stream.batch import Inlet
from edgedet.stream.channel import Channel, Policy
from edgedet.stream.feeder import Feeder, Outcome
from edgedet.stream.record import SourceRecord
from edgedet.stream.relay import Relay, Renumbered
from edgedet.stream.reporter import StatusReporter
from edgedet.stream.stats import PipelineStats
from edgedet.stream.view import SourceView
from edgedet.stream.worker import Worker

logger = logging.getLogger(__name__)

_LIVE_FRAMES = 2
_LOSSLESS_FRAMES = 4

SourceFactory = Callable[[SourceSettings, Clock], FrameSource]


@dataclass(frozen=True, slots=True)
class _Feed:
    relay: Relay
    inlet: Inlet
    worker: Worker


class Feeds:
    """All enabled sources."""

    def __init__(  # noqa: PLR0913 - the composition root hands over every part
        self,
        sources: Sequence[tuple[SourceSettings, Inlet]],
        stats: PipelineStats,
        reporter: StatusReporter,
        wait_for_room: Callable[[float], bool],
        clock: Clock,
        make_source: SourceFactory = create_source,
    ) -> None:
        """Build the feeders; nothing is opened before `start`."""
        self._is_finite = all(each.is_finite for each, _ in sources if each.enabled)
        self._stats = stats
        self._reporter = reporter
        self._wait_for_room = wait_for_room
        self._clock = clock
        self._make_source = make_source
        self._leaving: list[Worker] = []
        self._next_seq: dict[str, int] = {}  # of sources that were removed
        self._is_stopping = False
        self.on_add: Callable[[SourceRecord], object] = lambda _: None
        """Told of a source that is added, before it is opened."""
        # the tuple is replaced, by one thread; any may read it
        self._feeds = tuple(self._make(settings, inlet) for settings, inlet in sources)
        self._reporter.watch(self.records)

    @property
    def records(self) -> tuple[SourceRecord, ...]:
        """How each source is doing."""
        return tuple(feed.relay.record for feed in self._feeds)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads, to see whether they get on."""
        return tuple(feed.worker for feed in self._feeds)

    @property
    def failed(self) -> tuple[str, ...]:
        """The sources that were given up."""
        return tuple(
            feed.relay.record.source_id
            for feed in self._feeds
            if feed.relay.outcome is Outcome.FAILED
        )

    def limited(self, source_id: str, limit: SourceLimit | None) -> None:
        """Let subscribers know what the detector can do for a source."""
        for record in self.records:
            if record.source_id != source_id:
                continue
            if limit is None:
                logger.info("source '%s': the detector can do all its frames", source_id)
            elif record.status().limit is None:
                level = logging.INFO if limit.fps > 0.0 else logging.WARNING
                text = "source '%s': limited to %.1f fps: %s"
                logger.log(level, text, source_id, limit.fps, limit.reason)
            record.set_limit(limit)

    def find(self, source_id: str) -> Relay | None:
        """What feeds a source; None if it is not one of ours."""
        return next((f.relay for f in self._feeds if f.relay.settings.id == source_id), None)

    def replace(self, settings: SourceSettings, *, reopens: bool) -> bool:
        """Let a source go on with other settings; False if it has ended, or is none of ours.

        `reopens`: it must be opened anew for them; priority and rate hold without.
        """
        for feed in self._feeds:
            if feed.relay.settings.id == settings.id:
                feed.inlet.priority = settings.priority
                feed.inlet.max_fps = _rate_limit(settings)
                return not reopens or feed.relay.replace(settings)
        return False

    @property
    def is_finite(self) -> bool:
        """Whether all of them ended by themselves when they were made."""
        return self._is_finite

    def add(self, settings: SourceSettings, inlet: Inlet) -> None:
        """Open one more source, on a thread of its own. For one thread, as `remove`."""
        feed = self._make(settings, inlet)
        self.on_add(feed.relay.record)
        self._feeds = (*self._feeds, feed)
        self._reporter.watch(self.records)
        if not self._is_stopping:
            feed.worker.start()

    def remove(self, source_id: str, timeout_s: float) -> None:
        """Close a source and forget it, be it that it hangs; nothing more is told of it."""
        for feed in self._feeds:
            if feed.relay.record.source_id == source_id:
                feed.relay.record.silence()
                self._feeds = tuple(other for other in self._feeds if other is not feed)
                self._reporter.watch(self.records)
                if not feed.worker.stop(timeout_s):
                    self._leaving.append(feed.worker)
                self._next_seq[source_id] = feed.relay.record.next_seq

    def start(self) -> None:
        """Start the threads; each opens its source."""
        for feed in self._feeds:
            feed.worker.start()

    def request_stop(self) -> None:
        """Ask all threads to end, without waiting."""
        self._is_stopping = True
        for feed in self._feeds:
            feed.worker.request_stop()

    def stop(self, timeout_s: float) -> bool:
        """End the threads; whether all have ended in time."""
        self.request_stop()
        deadline = Deadline(timeout_s, self._clock)
        workers = (*self.workers, *self._leaving)
        ended = [worker.stop(deadline.remaining_s()) for worker in workers]
        return all(ended)

    def views(self, now_s: float) -> tuple[SourceView, ...]:
        """The figures of each source."""
        views = []
        for feed in self._feeds:
            record = feed.relay.record
            figures = self._stats.sources[record.source_id].figures(now_s)
            views.append(SourceView(record.status(), record.decoded, figures, feed.relay.outcome))
        return tuple(views)

    def _make(self, settings: SourceSettings, inlet: Inlet) -> _Feed:
        figures = self._stats.sources[settings.id]
        record = SourceRecord(
            settings.id,
            self._clock,
            on_change=self._reporter.changed,
            dropped=lambda: inlet.channel.dropped + figures.left_out,
            fps_inferred=lambda: figures.fps(self._clock.monotonic()),
        )
        record.number_from(self._next_seq.get(settings.id, 0))  # it is part of message ids

        def make_feeder(settings: SourceSettings, first_seq: int) -> Feeder:
            source = self._make_source(settings, self._clock)
            return Feeder(
                settings=settings,
                source=Renumbered(source, first_seq) if first_seq else source,
                channel=inlet.channel,
                record=record,
                delay=Backoff(cap_s=settings.retry_max_s),
                wait_for_room=self._wait_for_room,
            )

        relay = Relay(settings, make_feeder, inlet.channel, record, ends_disabled=self._is_finite)
        return _Feed(relay, inlet, Worker(f"source-{settings.id}", relay.run))


def make_inlet(source: SourceSettings) -> Inlet:
    """The way of a source into the batcher: all its frames, or its newest."""
    policy = Policy.BLOCK if source.is_lossless else Policy.DROP_OLDEST
    capacity = _LOSSLESS_FRAMES if source.is_lossless else _LIVE_FRAMES
    channel = Channel[Frame](capacity, policy, dispose=Frame.close)
    return Inlet(source.id, channel, source.is_lossless, source.priority, _rate_limit(source))


def _rate_limit(source: SourceSettings) -> float | None:
    return None if source.is_lossless else source.max_fps
