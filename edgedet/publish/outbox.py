"""Results and events on their way to the broker: bounded, in order, counted from first to last.

Between the threads that publish and the one that talks to the broker. A live source loses its
oldest results when there is no room or they have become old; a lossless source waits instead.
Events have a lane of their own, so that a flood of results never costs one.

What was under way at QoS 1 when a connection ended may have arrived: it is not lost before the
broker has been asked again, however old it is then.
"""

import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from edgedet.analytics import ObjectEvent
from edgedet.clock import Clock, Deadline
from edgedet.detections import FrameDetections
from edgedet.publish.kind import Kind

LIVE_AGE_S = 10.0
"""Nothing of a camera that is older leaves on a live topic."""


class Lane(Enum):
    """Queues that do not take each other's room."""

    LIVE = 0
    LOSSLESS = 1
    EVENTS = 2


@dataclass(slots=True, eq=False)
class Entry:
    """What waits or is on its way; belongs to one thread at a time, hence not frozen."""

    item: FrameDetections | ObjectEvent
    lane: Lane
    seq: int
    skipped: int
    queued_s: float
    order: int
    lost_before: int = 0
    truncated: int = 0
    is_unsure: bool = False
    """It may have arrived: it was under way when a connection ended."""

    def is_late(self, now_s: float) -> bool:
        """Whether it leaves on the backlog topic, as it was made too long ago."""
        return self.lane is not Lane.LOSSLESS and now_s - self.queued_s > LIVE_AGE_S

    @property
    def source_id(self) -> str:
        """Whose it is."""
        item = self.item
        return item.source_id if isinstance(item, ObjectEvent) else item.frame.source_id

    @property
    def topic(self) -> tuple[Kind, str]:
        """What it is numbered with."""
        return Kind.EVENTS if self.lane is Lane.EVENTS else Kind.DETECTIONS, self.source_id


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """What became of the results of one source; `truncated` counts objects that did not fit."""

    published: int
    dropped: int
    truncated: int


@dataclass(slots=True)
class _Counts:
    accepted: int = 0
    handed_over: int = 0
    published: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    dropped: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    truncated: Counter[tuple[Kind, str]] = field(default_factory=Counter)


class Outbox:
    """A queue with three lanes, emptied in the order in which they were filled."""

    def __init__(
        self, capacity: int, expiry_s: float, clock: Clock, event_expiry_s: float = float("inf")
    ) -> None:
        """Hold `capacity` entries a lane; live results for at most `expiry_s`."""
        self._capacity = capacity
        self._expiry_s = {Lane.LIVE: expiry_s, Lane.EVENTS: event_expiry_s}
        self._clock = clock
        self._changed = threading.Condition()  # guards everything below
        self._lanes: dict[Lane, deque[Entry]] = {lane: deque() for lane in Lane}
        self._seq: Counter[tuple[Kind, str]] = Counter()
        self._lost: Counter[tuple[Kind, str]] = Counter()
        self._counts = _Counts()
        self._order = 0

    def put(
        self, item: FrameDetections | ObjectEvent, *, skipped: int = 0, is_lossless: bool = False
    ) -> None:
        """Append. A full lane drops its oldest; the lossless lane grows instead."""
        if isinstance(item, ObjectEvent):
            lane = Lane.EVENTS
        else:
            lane = Lane.LOSSLESS if is_lossless else Lane.LIVE
        with self._changed:
            entry = Entry(item, lane, 0, skipped, self._clock.monotonic(), self._order)
            entry.seq = self._seq[entry.topic]
            entry.lost_before = self._lost.pop(entry.topic, 0)
            self._seq[entry.topic] += 1
            self._order += 1
            self._counts.accepted += 1
            queue = self._lanes[lane]
            queue.append(entry)
            if lane is not Lane.LOSSLESS and len(queue) > self._capacity:
                self._drop_first(queue)

    def take(self) -> Entry | None:
        """The oldest entry that is worth sending; the taker calls `done` or `give_back`."""
        with self._changed:
            self._drop_expired()
            waiting = [queue for queue in self._lanes.values() if queue]
            if not waiting:
                return None
            entry = min(waiting, key=lambda queue: queue[0].order).popleft()
            self._changed.notify_all()  # there is room
            return entry

    def done(self, entry: Entry) -> None:
        """`entry` was handed over."""
        with self._changed:
            self._counts.handed_over += 1
            self._counts.published[entry.topic] += 1
            self._counts.truncated[entry.topic] += entry.truncated
            self._changed.notify_all()

    def give_back(self, entries: Iterable[Entry], *, results_are_unsure: bool = False) -> None:
        """Put taken entries back in front of their lanes, in the order in which they were taken.

        `results_are_unsure`: they were sent at QoS 1, as events always are.
        """
        with self._changed:
            for entry in sorted(entries, key=lambda e: e.order, reverse=True):
                entry.is_unsure = results_are_unsure or entry.lane is Lane.EVENTS
                self._lanes[entry.lane].appendleft(entry)

    def discard(self, entry: Entry) -> None:
        """The broker refused `entry` for good: it is lost."""
        with self._changed:
            self._drop(entry)

    def drop_expired(self) -> None:
        """Give up what is too old, as nobody takes it while the broker is away."""
        with self._changed:
            self._drop_expired()

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until the lossless lane has room; whether it has."""
        lossless = self._lanes[Lane.LOSSLESS]
        with self._changed:
            return self._changed.wait_for(lambda: len(lossless) < self._capacity, timeout_s)

    def wait_until_settled(self, timeout_s: float) -> int:
        """Wait until everything was handed over or lost; how much was not handed over."""
        deadline = Deadline(timeout_s, self._clock)
        with self._changed:
            while self._pending() and not deadline.is_over():
                self._changed.wait(deadline.remaining_s())
            return self._counts.accepted - self._counts.handed_over

    @property
    def pending(self) -> int:
        """What was accepted and neither handed over nor lost."""
        with self._changed:
            return self._pending()

    def figures(self, kind: Kind = Kind.DETECTIONS) -> dict[str, SourceFigures]:
        """What became of the messages of one kind, for each source that has any."""
        with self._changed:
            counts = self._counts
            return {
                topic[1]: SourceFigures(
                    published=counts.published[topic],
                    dropped=counts.dropped[topic],
                    truncated=counts.truncated[topic],
                )
                for topic in self._seq
                if topic[0] is kind
            }

    def _pending(self) -> int:
        return self._counts.accepted - self._counts.handed_over - self._counts.dropped.total()

    def _drop_expired(self) -> None:
        now_s = self._clock.monotonic()
        for lane, expiry_s in self._expiry_s.items():
            queue = self._lanes[lane]
            before_s = now_s - expiry_s
            while (index := _first_sure(queue)) is not None and queue[index].queued_s < before_s:
                self._drop_first(queue)

    def _drop_first(self, queue: deque[Entry]) -> None:
        """Give up the oldest that cannot have arrived."""
        index = _first_sure(queue)
        if index is not None:
            entry = queue[index]
            del queue[index]
            self._drop(entry)

    def _drop(self, entry: Entry) -> None:
        # what the lost message would have told of earlier losses is told by the next behind it
        lost = 1 + entry.lost_before
        heir = next((each for each in self._lanes[entry.lane] if _inherits(each, entry)), None)
        if heir is None:
            self._lost[entry.topic] += lost
        else:
            heir.lost_before += lost
        self._counts.dropped[entry.topic] += 1
        self._changed.notify_all()


def _first_sure(queue: deque[Entry]) -> int | None:
    """Where the first entry is that was not under way; those that were are in front, and few."""
    return next((index for index, entry in enumerate(queue) if not entry.is_unsure), None)


def _inherits(entry: Entry, lost: Entry) -> bool:
    """Whether `entry` may tell of the loss of `lost`: if it has not told of others already."""
    return entry.topic == lost.topic and entry.seq > lost.seq and not entry.is_unsure
