"""Results on their way to the broker: bounded, in order, and counted from the first to the last.

Between the threads that publish and the one that talks to the broker. A live source loses its
oldest results when there is no room or they have become old; a lossless source waits instead.
"""

import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from edgedet.clock import Clock, Deadline
from edgedet.detections import FrameDetections


@dataclass(slots=True, eq=False)
class Entry:
    """A result that waits or is on its way; belongs to one thread at a time, hence not frozen."""

    result: FrameDetections
    seq: int
    skipped: int
    queued_s: float
    is_lossless: bool
    order: int
    lost_before: int = 0
    truncated: int = 0

    @property
    def source_id(self) -> str:
        """Whose result it is."""
        return self.result.frame.source_id


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
    published: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    truncated: Counter[str] = field(default_factory=Counter)


class Outbox:
    """A queue with two lanes, live and lossless, emptied in the order in which they were filled."""

    def __init__(self, capacity: int, expiry_s: float, clock: Clock) -> None:
        """Hold `capacity` results a lane; live ones for at most `expiry_s`."""
        self._capacity = capacity
        self._expiry_s = expiry_s
        self._clock = clock
        self._changed = threading.Condition()  # guards everything below
        self._live: deque[Entry] = deque()
        self._lossless: deque[Entry] = deque()
        self._seq: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._counts = _Counts()
        self._order = 0

    def put(self, result: FrameDetections, *, skipped: int, is_lossless: bool) -> None:
        """Append a result. A full live lane drops its oldest, a full lossless lane grows."""
        source_id = result.frame.source_id
        with self._changed:
            entry = Entry(
                result,
                self._seq[source_id],
                skipped,
                self._clock.monotonic(),
                is_lossless,
                self._order,
            )
            self._seq[source_id] += 1
            self._order += 1
            self._counts.accepted += 1
            if is_lossless:
                self._lossless.append(entry)
                return
            if len(self._live) >= self._capacity:
                self._drop(self._live.popleft())
            self._live.append(entry)

    def take(self) -> Entry | None:
        """The oldest result that is worth sending; the taker calls `done` or `give_back`."""
        with self._changed:
            self._drop_expired()
            lane = self._older_lane()
            if not lane:
                return None
            entry = lane.popleft()
            entry.lost_before += self._lost.pop(entry.source_id, 0)
            self._changed.notify_all()  # there is room
            return entry

    def done(self, entry: Entry) -> None:
        """`entry` was handed over."""
        with self._changed:
            self._counts.handed_over += 1
            self._counts.published[entry.source_id] += 1
            self._counts.truncated[entry.source_id] += entry.truncated
            self._changed.notify_all()

    def give_back(self, entries: Iterable[Entry]) -> None:
        """Put taken results back in front of their lanes, in the order in which they were taken."""
        with self._changed:
            for entry in sorted(entries, key=lambda e: e.order, reverse=True):
                (self._lossless if entry.is_lossless else self._live).appendleft(entry)

    def discard(self, entry: Entry) -> None:
        """The broker refused `entry` for good: it is lost."""
        with self._changed:
            self._drop(entry)

    def drop_expired(self) -> None:
        """Give up live results that are too old, as nobody takes them while the broker is away."""
        with self._changed:
            self._drop_expired()

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until the lossless lane has room; whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._lossless) < self._capacity, timeout_s)

    def wait_until_settled(self, timeout_s: float) -> int:
        """Wait until every result was handed over or lost; how many were not handed over."""
        deadline = Deadline(timeout_s, self._clock)
        with self._changed:
            while self._pending() and not deadline.is_over():
                self._changed.wait(deadline.remaining_s())
            return self._counts.accepted - self._counts.handed_over

    @property
    def pending(self) -> int:
        """Results that were accepted and neither handed over nor lost."""
        with self._changed:
            return self._pending()

    def figures(self) -> dict[str, SourceFigures]:
        """What became of the results of each source."""
        with self._changed:
            counts = self._counts
            return {
                source_id: SourceFigures(
                    published=counts.published[source_id],
                    dropped=counts.dropped[source_id],
                    truncated=counts.truncated[source_id],
                )
                for source_id in self._seq
            }

    def _pending(self) -> int:
        return self._counts.accepted - self._counts.handed_over - self._counts.dropped.total()

    def _older_lane(self) -> deque[Entry]:
        if not self._live or not self._lossless:
            return self._live or self._lossless
        return self._live if self._live[0].order < self._lossless[0].order else self._lossless

    def _drop_expired(self) -> None:
        oldest_s = self._clock.monotonic() - self._expiry_s
        while self._live and self._live[0].queued_s < oldest_s:
            self._drop(self._live.popleft())

    def _drop(self, entry: Entry) -> None:
        # what the lost message would have told of earlier losses is told by the next
        self._lost[entry.source_id] += 1 + entry.lost_before
        self._counts.dropped[entry.source_id] += 1
        self._changed.notify_all()
