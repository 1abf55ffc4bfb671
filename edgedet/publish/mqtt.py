"""The sink that publishes over MQTT, be the broker there, away, back or unwilling."""

import logging
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

from edgedet.analytics import ObjectEvent, SourceCounts
from edgedet.clock import Clock, Deadline
from edgedet.config.device import DeviceSettings
from edgedet.config.mqtt import MqttSettings
from edgedet.detections import FrameDetections
from edgedet.event import LastRun, SourceStatus
from edgedet.log import RateLimited
from edgedet.model_identity import ModelIdentity
from edgedet.publish.broker import LostError, Message, endpoint_of
from edgedet.publish.connection import Connection
from edgedet.publish.delivery import Delivery
from edgedet.publish.exchange import Exchange
from edgedet.publish.figures import MqttStats, metrics_figures, stats_of
from edgedet.publish.identity import Origin, client_id
from edgedet.publish.kind import Kind
from edgedet.publish.link import Link
from edgedet.publish.messages import Messages
from edgedet.publish.outbox import Entry
from edgedet.publish.payloads import JsonObject
from edgedet.publish.rate_limit import RateLimit
from edgedet.publish.refusals import Refusals
from edgedet.publish.session import Script, Session
from edgedet.publish.spool.durable import Stored
from edgedet.publish.state_payloads import Limits
from edgedet.publish.status_board import StatusBoard
from edgedet.publish.topics import Topics
from edgedet.publish.wake import Wake
from edgedet.stream.worker import ErrorCallback, Worker

logger = logging.getLogger(__name__)

_TICK_S = 0.25
_GOODBYE_S = 2.0


class MqttSink:
    """Publishes over one broker, from `start` to `close`. All methods are for any thread.

    Results are encoded and sent on a thread of its own, the only one that touches the connection.
    """

    def __init__(  # noqa: PLR0913 - the composition root calls it once, by name
        self,
        settings: MqttSettings,
        device: DeviceSettings,
        model: ModelIdentity,
        *,
        sources: Sequence[str],
        lossless: Collection[str],
        boot: str,
        state_dir: Path,
        clock: Clock,
        on_error: ErrorCallback | None = None,
        last_run: LastRun | None = None,
        latency_budget_ms: float | None = None,
    ) -> None:
        """Prepare; nothing is sent before `start`. No result of a source in `lossless` is dropped.

        Raises:
            ConfigError: the password or a certificate cannot be read.
        """
        endpoint = endpoint_of(settings, client_id(device.name))
        origin = Origin(device.site, device.name, boot, model, last_run)
        limits = Limits.of_settings(settings, latency_budget_ms)
        self._clock = clock
        self._lossless = frozenset(lossless)
        self._rate_limit = RateLimit(settings.detections_max_per_s)
        self._board = StatusBoard(clock)
        self._trouble = RateLimited(logger, clock)
        self._refusals = Refusals(clock)
        self._wake = Wake()
        self._delivery = Delivery(settings, state_dir, origin, clock, self._wake.set, on_error)
        self.exchange = Exchange(self._wake.set)
        topics = Topics(settings.topic_root, device.site, device.name)
        self._messages = Messages(origin, topics, limits, tuple(sources), clock)
        self._script = Script(
            messages=self._messages,
            delivery=self._delivery,
            board=self._board,
            exchange=self.exchange,
            clock=clock,
            trouble=self._trouble,
            figures=self._figures,
            keepalive_s=settings.keepalive_s,
        )
        self._link = Link(endpoint, self._messages.will, clock, self._settled)
        self._started_s = self._next_metrics_s = clock.monotonic()
        self._goodbye: Deadline | None = None  # set once, by close
        self._worker = Worker("mqtt", self._run, on_error)

    def start(self) -> None:
        """Begin to look for the broker, in the background; once only."""
        self._delivery.start()
        self._worker.start()

    def set_sources(self, sources: Sequence[str], lossless: Collection[str]) -> None:
        """Speak of these sources from now on; what the broker retains of others is taken back."""
        topics, gone = self._messages.topics, set(self._messages.sources) - set(sources)
        if tuple(sources) == self._messages.sources:
            return
        self._lossless = frozenset(lossless)
        self._messages.sources = tuple(sources)
        self._board.keep(sources)
        for source_id in sorted(gone):
            for topic in (topics.source_status(source_id), topics.counts(source_id)):
                self.exchange.post(Message.taking_back(topic))
        self.exchange.ask_for_rebirth()

    def publish(self, result: FrameDetections) -> None:
        """Queue the detections of one frame; see `Sink.publish`. Never blocks, never raises."""
        source_id = result.frame.source_id
        is_lossless = source_id in self._lossless
        skipped = result.skipped
        if not is_lossless:
            left_out = self._rate_limit.admit(source_id, self._clock.monotonic(), skipped)
            if left_out is None:
                return
            skipped += left_out
        self._delivery.put(Kind.DETECTIONS, result, skipped=skipped, is_lossless=is_lossless)

    def publish_status(self, status: SourceStatus) -> None:
        """Tell the state of a source, now and again after each reconnect."""
        self._board.put(status)
        self._wake.set()

    def publish_event(self, event: ObjectEvent) -> None:
        """Queue an event; see `Sink.publish_event`."""
        self._delivery.put(Kind.EVENTS, event)

    def publish_counts(self, counts: SourceCounts) -> None:
        """Tell the counts of a source, now and again after each reconnect."""
        self._board.put(counts)
        self._wake.set()

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until a result of a lossless source finds room; see `Sink.wait_for_room`."""
        return self._delivery.wait_for_room(timeout_s)

    def flush(self, timeout_s: float) -> int:
        """Wait for the hand-over; see `Sink.flush`.

        A message is handed over when the broker acknowledged it (QoS 1, as all states are) or it
        was written to the connection (QoS 0).
        """
        deadline = Deadline(timeout_s, self._clock)
        lost = self._delivery.flush(deadline.remaining_s())
        return lost + self._board.wait_until_told(deadline.remaining_s())

    def close(self, timeout_s: float) -> None:
        """Publish `stopped`, wait for the acknowledgement, disconnect, and end the thread."""
        if self._goodbye is None:
            self._goodbye = Deadline(timeout_s, self._clock)
        self._wake.set()
        is_over = self._worker.stop(timeout_s + _TICK_S)
        is_over &= self._delivery.close(self._goodbye.remaining_s() + _TICK_S)
        if is_over:
            self._link.stopped()
            self._wake.close()

    @property
    def worker(self) -> Worker:
        """The thread, to see whether it gets on."""
        return self._worker

    @property
    def stats(self) -> MqttStats:
        """What was done so far."""
        return stats_of(self._link.status, self._delivery, self._refusals)

    def _run(self, stop: threading.Event) -> None:
        while not self._must_end(stop):
            connection = self._link.connect(lambda: self._must_end(stop))
            if isinstance(connection, Connection):
                wait_s = self._serve(connection, stop)
            else:
                wait_s = connection
                if wait_s > 0:  # else another version of MQTT is tried at once
                    self._delivery.went_offline()
            self._pause(wait_s, stop)

    def _serve(self, connection: Connection, stop: threading.Event) -> float:
        """Speak until the end; the seconds to wait before the next connection."""
        session = Session(self._script, connection, self._link.status.connections)
        try:
            session.begin()
            while not self._must_end(stop):
                self._keep_metrics()
                self._wake.clear()
                session.turn(_TICK_S, self._wake.fileno())
            goodbye = self._goodbye or Deadline(_GOODBYE_S, self._clock)
            session.say_goodbye(goodbye.remaining_s())
        except LostError as exc:
            return self._link.lost(exc)
        finally:
            session.give_back()
        return 0.0

    def _pause(self, wait_s: float, stop: threading.Event) -> None:
        deadline = Deadline(wait_s, self._clock)
        while not deadline.is_over() and not self._must_end(stop):
            self._delivery.drop_expired()
            self._keep_metrics()
            self._wake.clear()
            if not self._must_end(stop):
                self._wake.wait(min(_TICK_S, deadline.remaining_s()))

    def _keep_metrics(self) -> None:
        """Where metrics are durable, take them at each heartbeat, be the broker there or not."""
        now_s = self._clock.monotonic()
        if self._delivery.keeps_metrics and now_s >= self._next_metrics_s:
            self._next_metrics_s = now_s + self._messages.limits.heartbeat_s
            self._delivery.put_metrics(self._figures())

    def _must_end(self, stop: threading.Event) -> bool:
        return stop.is_set() or self._goodbye is not None

    def _settled(self, token: object, is_accepted: bool) -> None:
        if isinstance(token, Entry | Stored):
            self._delivery.settle(token, is_accepted=is_accepted)
        elif isinstance(token, SourceStatus | SourceCounts):
            self._board.told(token)
        if not is_accepted:
            self._refusals.note()
            self._trouble.warning(
                "refused", "the broker refused a message; may this client write there?"
            )

    def _figures(self) -> JsonObject:
        uptime_s = self._clock.monotonic() - self._started_s
        clock = self._messages.clock_sync.state()
        figures = metrics_figures(
            self.stats, self._delivery, self.exchange.dropped, uptime_s, clock
        )
        return {**figures, **self.exchange.figures()}
