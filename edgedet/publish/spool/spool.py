"""The durable half of delivery: what it accepts is kept until the broker has acknowledged it.

One thread writes, in groups: what came since it last looked is one transaction. A message leaves
only after it is safe, so that no message that somebody has seen is unknown after a crash.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from edgedet.clock import Clock, Deadline
from edgedet.publish.kind import Kind
from edgedet.publish.spool.durable import Draft, Item, Stored
from edgedet.publish.spool.lanes import SpoolLanes
from edgedet.publish.spool.store import StoreState
from edgedet.publish.spool.writer import REMOVED_AT_ONCE, SpoolWriter
from edgedet.stream.worker import ErrorCallback, Worker

Topic = tuple[Kind, str]

_ROOM = 0.9  # of the limit of bytes, for sources that wait rather than lose


@dataclass(frozen=True, slots=True)
class SpoolFigures:
    """What the spool holds and did. `kept` is by kind, of all boots; the rest is of this boot.

    `written` messages were safe, on disk if `state.is_durable`; `dropped` were given up.
    """

    state: StoreState
    kept: dict[Kind, int]
    used_bytes: int
    written: int
    replayed: int
    pending: int
    topics: tuple[Topic, ...]
    published: dict[Topic, int]
    dropped: dict[Topic, int]
    truncated: dict[Topic, int]


class Spool:
    """Keeps messages on disk, and hands them out, new ones first. For any thread."""

    def __init__(  # noqa: PLR0913 - its owner calls it once, by name
        self,
        writer: SpoolWriter,
        lanes: SpoolLanes,
        *,
        boot: str,
        capacity: int,
        max_bytes: int,
        clock: Clock,
        ring: Callable[[], None],
        on_error: ErrorCallback | None = None,
    ) -> None:
        """Prepare. `ring` is called when there may be something to send."""
        self._writer = writer
        self._lanes = lanes
        self._boot = boot
        self._capacity = capacity
        self._max_bytes = max_bytes
        self._clock = clock
        self._ring = ring
        self._work = threading.Event()
        self._changed = threading.Condition()  # guards all down to the worker
        self._inbox: deque[Draft] = deque()
        self._seq: Counter[Topic] = Counter()
        self._in_hand = 0  # taken out of the inbox, and not in a lane yet
        self._unkept: Counter[Topic] = Counter()  # given up before the store saw them
        self._accepted = 0
        self._written = 0
        self._replayed = 0
        self._published: Counter[Topic] = Counter()
        self._dropped: Counter[Topic] = Counter()
        self._truncated: Counter[Topic] = Counter()
        self._state = StoreState(is_durable=True)
        self._kept: dict[Kind, int] = {}
        self._used_bytes = 0
        self._worker = Worker("spool", self._run, on_error)

    def start(self) -> None:
        """Open the store and begin to write, in the background; once only."""
        self._worker.start()

    def put(
        self,
        kind: Kind,
        source_id: str,
        item: Item,
        *,
        skipped: int = 0,
        is_lossless: bool = False,
    ) -> None:
        """Accept a message. It is safe a moment later; a disk that hangs costs the oldest.

        A lossless one finds room always, and its source waits for room before it reads on.
        """
        topic = kind, source_id
        with self._changed:
            number, now_s = self._seq[topic], self._clock.monotonic()
            draft = Draft(kind, source_id, item, number, skipped, now_s, is_lossless)
            self._seq[topic] += 1
            self._accepted += 1
            self._inbox.append(draft)
            if len(self._inbox) > self._capacity:
                self._give_up_one()
        self._work.set()

    def take_live(self) -> Stored | None:
        """The oldest message that is new; the taker calls `done` or `refused`."""
        return self._lanes.take_live()

    def take_late(self) -> Stored | None:
        """The oldest message that is late; see `take_live`."""
        row = self._lanes.take_late()
        if self._lanes.wants_fetch:
            self._work.set()
        return row

    def done(self, row: Stored) -> None:
        """The broker has `row`: it need not be kept."""
        self._lanes.done(row)
        with self._changed:
            self._replayed += row.is_replayed
            if row.boot == self._boot:
                self._published[row.topic] += 1
                self._truncated[row.topic] += row.truncated
            self._changed.notify_all()
        if self._lanes.acked_count >= REMOVED_AT_ONCE:
            self._work.set()

    def refused(self, row: Stored) -> None:
        """The broker does not want `row`: it is kept for the next connection."""
        self._lanes.refused(row)

    def went_online(self) -> None:
        """A connection begins: what comes from now on is new."""
        self._lanes.went_online()
        self._work.set()

    def went_offline(self) -> None:
        """There is no connection: all that is kept, and what was under way, is late."""
        self._lanes.went_offline()

    @property
    def is_quiet(self) -> bool:
        """Whether everything new that was accepted has been taken."""
        with self._changed:
            return not self._inbox and not self._in_hand and not self._lanes.live_count

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until a message would cost no other; whether it would not."""
        with self._changed:
            return self._changed.wait_for(self._has_room, timeout_s)

    def wait_until_settled(self, timeout_s: float) -> int:
        """Wait until all of this boot is delivered or given up; how many are not delivered."""
        deadline = Deadline(timeout_s, self._clock)
        with self._changed:
            while self._pending() and not deadline.is_over():
                self._changed.wait(deadline.remaining_s())
            return self._accepted - self._published.total()

    def figures(self) -> SpoolFigures:
        """What was done so far."""
        with self._changed:
            return SpoolFigures(
                state=self._state,
                kept=dict(self._kept),
                used_bytes=self._used_bytes,
                written=self._written,
                replayed=self._replayed,
                pending=self._pending(),
                topics=tuple(self._seq),
                published=dict(self._published),
                dropped=dict(self._dropped),
                truncated=dict(self._truncated),
            )

    def close(self, timeout_s: float) -> bool:
        """Write what was accepted, and end; whether that was possible in time. Idempotent."""
        self._worker.request_stop()
        self._work.set()
        return self._worker.stop(timeout_s)

    def _run(self, stop: threading.Event) -> None:
        self._writer.open()
        try:
            while not stop.is_set():
                self._turn(is_last=False)
                self._work.wait(self._writer.wait_s)
                self._work.clear()
            self._turn(is_last=True)
        finally:
            self._writer.close()

    def _turn(self, *, is_last: bool) -> None:
        with self._changed:
            drafts, unkept = list(self._inbox), self._unkept
            self._inbox.clear()
            self._unkept = Counter()
            self._in_hand = len(drafts)
        outcome = self._writer.turn(drafts, unkept, is_last=is_last)
        with self._changed:
            self._in_hand = 0
            self._written += len(drafts)
            self._dropped.update(row.topic for row in outcome.dropped if row.boot == self._boot)
            self._state = self._writer.state
            self._kept = self._writer.kept
            self._used_bytes = self._writer.used_bytes
            self._changed.notify_all()
        if outcome.is_more_to_send:
            self._ring()

    def _has_room(self) -> bool:
        waiting = len(self._inbox) + self._lanes.live_count
        return waiting < self._capacity and self._used_bytes < self._max_bytes * _ROOM

    def _pending(self) -> int:
        return self._accepted - self._published.total() - self._dropped.total()

    def _give_up_one(self) -> None:
        """Make room in the inbox: the oldest of the kind that goes first, if any may go."""
        may_go = [draft for draft in self._inbox if not draft.is_lossless]
        if not may_go:
            return
        victim = min(may_go, key=lambda draft: list(Kind).index(draft.kind))
        self._inbox.remove(victim)
        self._unkept[victim.topic] += 1
        self._dropped[victim.topic] += 1
