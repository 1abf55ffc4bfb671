"""What is on its way to the broker, durable or not, behind one face."""

from collections.abc import Callable, Iterable
from pathlib import Path

from edgedet.analytics import ObjectEvent
from edgedet.clock import Clock, Deadline
from edgedet.config.mqtt import MqttSettings
from edgedet.detections import FrameDetections
from edgedet.publish.identity import Origin
from edgedet.publish.in_flight import Token
from edgedet.publish.kind import Kind
from edgedet.publish.outbox import LIVE_AGE_S, Entry, Outbox, SourceFigures
from edgedet.publish.pace import Pace
from edgedet.publish.payloads import JsonObject
from edgedet.publish.spool.durable import DurableEncoder, Stored
from edgedet.publish.spool.lanes import SpoolLanes
from edgedet.publish.spool.spool import Spool, SpoolFigures
from edgedet.publish.spool.store import FILE_NAME, SpoolStore
from edgedet.publish.spool.trim import Limits
from edgedet.publish.spool.writer import SpoolWriter
from edgedet.publish.state_payloads import DETECTIONS_EXPIRY_S, EVENTS_EXPIRY_S
from edgedet.publish.state_payloads import Limits as StateLimits
from edgedet.stream.worker import ErrorCallback


class Delivery:
    """Sends each kind of message through the outbox in memory, or the spool on disk."""

    def __init__(  # noqa: PLR0913 - its owner calls it once, by name
        self,
        settings: MqttSettings,
        state_dir: Path,
        origin: Origin,
        clock: Clock,
        ring: Callable[[], None],
        on_error: ErrorCallback | None = None,
    ) -> None:
        """Prepare; `ring` is called when there may be something to send."""
        self._clock = clock
        self._ring = ring
        self._durable = frozenset(Kind(kind) for kind in settings.spool.kinds)
        self._outbox = Outbox(settings.queue_size, DETECTIONS_EXPIRY_S, clock, EVENTS_EXPIRY_S)
        self._pace = Pace(settings.spool.replay_per_s, clock)
        self._is_qos_1 = settings.detections_qos == 1
        self._is_ending = False
        self._spool: Spool | None = None
        if self._durable:
            self._spool = _spool(settings, state_dir, origin, clock, ring, on_error)

    def start(self) -> None:
        """Open the spool, in the background; once only."""
        if self._spool is not None:
            self._spool.start()

    def put(
        self,
        kind: Kind,
        item: FrameDetections | ObjectEvent,
        *,
        skipped: int = 0,
        is_lossless: bool = False,
    ) -> None:
        """Accept a message."""
        if self._spool is not None and kind in self._durable:
            origin = item if isinstance(item, ObjectEvent) else item.frame
            self._spool.put(kind, origin.source_id, item, skipped=skipped, is_lossless=is_lossless)
        else:
            self._outbox.put(item, skipped=skipped, is_lossless=is_lossless)
            self._ring()

    @property
    def keeps_metrics(self) -> bool:
        """Whether metrics are durable."""
        return Kind.METRICS in self._durable

    def put_metrics(self, figures: JsonObject) -> None:
        """Accept figures, where they are durable."""
        if self._spool is not None and self.keeps_metrics:
            self._spool.put(Kind.METRICS, "", figures)

    def take(self, *, may_be_late: bool) -> Entry | Stored | None:
        """What to send next: what is new, then, at its pace and if it may be, what is late."""
        spool = self._spool
        if spool is None:
            return self._outbox.take()
        found = spool.take_live() or self._outbox.take()
        if found is None and may_be_late and (self._is_ending or self._pace.has_one()):
            found = spool.take_late()
            if found is not None:
                self._pace.spend()
        return found

    def settle(self, token: Entry | Stored, *, is_accepted: bool) -> None:
        """The broker has it, or refused it."""
        if isinstance(token, Entry):
            (self._outbox.done if is_accepted else self._outbox.discard)(token)
        elif self._spool is not None:
            (self._spool.done if is_accepted else self._spool.refused)(token)

    def went_online(self) -> None:
        """A connection begins."""
        if self._spool is not None:
            self._spool.went_online()

    def went_offline(self, under_way: Iterable[Token] = ()) -> None:
        """There is no connection; what was `under_way` on it was not answered."""
        entries = [token for token in under_way if isinstance(token, Entry)]
        self._outbox.give_back(entries, results_are_unsure=self._is_qos_1)
        if self._spool is not None:
            self._spool.went_offline()

    def drop_expired(self) -> None:
        """Give up what is not durable and too old."""
        self._outbox.drop_expired()

    @property
    def is_quiet(self) -> bool:
        """Whether everything durable and new has been taken."""
        return self._spool is None or self._spool.is_quiet

    @property
    def pending(self) -> int:
        """What was accepted in this boot and neither delivered nor lost."""
        return self._outbox.pending + (self._spool.figures().pending if self._spool else 0)

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until a result of a lossless source finds room."""
        if self._spool is not None and Kind.DETECTIONS in self._durable:
            return self._spool.wait_for_room(timeout_s)
        return self._outbox.wait_for_room(timeout_s)

    def flush(self, timeout_s: float) -> int:
        """Wait until everything of this boot was delivered or lost; how much was not delivered.

        What is late needs no pace any more.
        """
        self._is_ending = True
        self._ring()
        deadline = Deadline(timeout_s, self._clock)
        lost = self._outbox.wait_until_settled(deadline.remaining_s())
        if self._spool is not None:
            lost += self._spool.wait_until_settled(deadline.remaining_s())
        return lost

    @property
    def spooled(self) -> int:
        """How much of what was not delivered is on disk, for the next run."""
        figures = self.spool_figures()
        return figures.pending if figures is not None and figures.state.is_durable else 0

    def spool_figures(self) -> SpoolFigures | None:
        """How the spool is doing, if there is one."""
        return None if self._spool is None else self._spool.figures()

    def figures(self, kind: Kind) -> dict[str, SourceFigures]:
        """What became of the messages of one kind, for each source."""
        if self._spool is None or kind not in self._durable:
            return self._outbox.figures(kind)
        spool = self._spool.figures()
        return {
            source_id: SourceFigures(
                published=spool.published.get((kind, source_id), 0),
                dropped=spool.dropped.get((kind, source_id), 0),
                truncated=spool.truncated.get((kind, source_id), 0),
            )
            for of_kind, source_id in spool.topics
            if of_kind is kind
        }

    def close(self, timeout_s: float) -> bool:
        """Write down what is durable, and end; whether that was possible in time."""
        return self._spool is None or self._spool.close(timeout_s)


def _spool(  # noqa: PLR0913 - what its owner was given
    settings: MqttSettings,
    state_dir: Path,
    origin: Origin,
    clock: Clock,
    ring: Callable[[], None],
    on_error: ErrorCallback | None,
) -> Spool:
    spool = settings.spool
    lanes = SpoolLanes(settings.queue_size, LIVE_AGE_S, clock)
    store = SpoolStore(
        state_dir / FILE_NAME,
        Limits(spool.max_bytes, spool.max_age_s),
        clock,
        syncs_commits=spool.fsync_s == 0,
    )
    encoder = DurableEncoder(origin, StateLimits.of_settings(settings), clock)
    return Spool(
        SpoolWriter(store, encoder, lanes, origin.boot, spool.fsync_s, clock),
        lanes,
        boot=origin.boot,
        capacity=settings.queue_size,
        max_bytes=spool.max_bytes,
        clock=clock,
        ring=ring,
        on_error=on_error,
    )
