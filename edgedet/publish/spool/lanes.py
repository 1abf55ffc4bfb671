"""Where each kept message stands: new, late, under way, or acknowledged.

What was made while the broker could be reached is new, and leaves on the live topic. All else is
late: what was made during an outage or by an earlier boot, what was under way when a connection
ended, and what waited for too long. Late messages leave on the backlog topic, oldest first.
"""

import threading
from collections import deque
from collections.abc import Iterable, Sequence

from edgedet.clock import Clock
from edgedet.publish.spool.durable import Stored

_READY = 64


class SpoolLanes:
    """Holds what is sent next, and knows by id what must not be sent twice. For any thread."""

    def __init__(
        self, capacity: int, live_age_s: float, clock: Clock, ready_size: int = _READY
    ) -> None:
        """Hold `capacity` new messages, each for at most `live_age_s`: then they are late.

        Of the late ones hold the next to be sent, `ready_size` of them.
        """
        self._ready_size = ready_size
        self._capacity = capacity
        self._live_age_s = live_age_s
        self._clock = clock
        self._lock = threading.Lock()  # guards everything below
        # what was made since is new; until the first attempt to connect has failed, all is
        self._live_since_s = float("-inf")
        self._is_online = False
        self._held: dict[int, Stored] = {}  # what live and ready stand for
        self._live: deque[int] = deque()
        self._ready: deque[int] = deque()
        self._taken: set[int] = set()
        self._unsure: set[int] = set()  # sent over a connection that ended before the answer
        self._refused: set[int] = set()  # by this broker, for as long as this connection lasts
        self._acked: set[int] = set()  # and not removed from the store yet
        self._cursor = 0  # what is behind it has not been fetched
        self._has_more = True
        self._epoch = 0  # changes when a fetch that is under way has become wrong

    def stored(self, rows: Iterable[Stored]) -> None:
        """`rows` are safe now, and may leave."""
        with self._lock:
            for row in rows:
                if row.queued_s < self._live_since_s:
                    self._has_more = True
                    continue
                self._held[row.id] = row
                self._live.append(row.id)
            while len(self._live) > self._capacity:
                self._make_late(self._live.popleft())

    def take_live(self) -> Stored | None:
        """The oldest new message; the taker calls `done` or `refused`, unless it goes offline."""
        with self._lock:
            oldest_s = self._clock.monotonic() - self._live_age_s
            while self._live:
                row = self._held[self._live.popleft()]
                if row.queued_s < oldest_s:
                    self._make_late(row.id)
                    continue
                del self._held[row.id]
                self._taken.add(row.id)
                return row
            return None

    def take_late(self) -> Stored | None:
        """The oldest late message that was fetched; see `take_live`."""
        with self._lock:
            if not self._ready:
                return None
            row = self._held.pop(self._ready.popleft())
            row.is_replayed = True
            self._taken.add(row.id)
            return row

    def spare(self, ids: Iterable[int]) -> None:
        """Let `ids` not be given up before they are acknowledged."""
        with self._lock:
            self._unsure.update(ids)

    def done(self, row: Stored) -> None:
        """The broker has `row`."""
        with self._lock:
            self._taken.discard(row.id)
            self._unsure.discard(row.id)
            self._acked.add(row.id)

    def refused(self, row: Stored) -> None:
        """The broker does not want `row` now; the next connection tries it again."""
        with self._lock:
            self._taken.discard(row.id)
            self._refused.add(row.id)

    def went_online(self) -> None:
        """A connection begins."""
        with self._lock:
            self._is_online = True
            if self._live_since_s == float("inf"):
                self._live_since_s = self._clock.monotonic()

    def went_offline(self) -> None:
        """There is no connection: whatever is kept is late."""
        with self._lock:
            self._is_online = False
            self._live_since_s = float("inf")
            self._unsure |= self._taken
            for names in (self._held, self._live, self._ready, self._taken, self._refused):
                names.clear()
            self._cursor = 0
            self._has_more = True
            self._epoch += 1

    @property
    def live_count(self) -> int:
        """New messages that wait."""
        with self._lock:
            return len(self._live)

    @property
    def wants_fetch(self) -> bool:
        """Whether late messages should be fetched."""
        with self._lock:
            return self._is_online and self._has_more and len(self._ready) <= self._ready_size // 2

    def begin_fetch(self) -> tuple[int, int, int]:
        """Behind which id to look, for how many, and a number for `fetched`."""
        with self._lock:
            known = len(self._held) + len(self._taken) + len(self._acked) + len(self._refused)
            return self._cursor, self._ready_size + known, self._epoch

    def fetched(self, rows: Sequence[Stored], limit: int, epoch: int) -> bool:
        """Take in what was found, less what stands elsewhere; whether there is anything new."""
        with self._lock:
            if epoch != self._epoch:
                return False
            unknown = [row for row in rows if not self._is_known(row.id)]
            late = unknown[: self._ready_size]
            for row in late:
                self._held[row.id] = row
                self._ready.append(row.id)
            self._has_more = len(rows) >= limit or len(unknown) > len(late)
            if rows:
                self._cursor = late[-1].id if self._has_more and late else rows[-1].id
            return bool(late)

    @property
    def acked_count(self) -> int:
        """How many may be removed from the store."""
        return len(self._acked)

    @property
    def acked(self) -> set[int]:
        """What may be removed from the store."""
        with self._lock:
            return set(self._acked)

    def removed(self, ids: set[int]) -> None:
        """`ids` are no longer in the store."""
        with self._lock:
            self._acked -= ids

    @property
    def spared(self) -> set[int]:
        """What must not be given up: it waits here, is under way, or may have arrived."""
        with self._lock:
            return self._held.keys() | self._taken | self._unsure | self._acked

    def surrender(self) -> None:
        """Let all new messages be late, so that they can be given up."""
        with self._lock:
            while self._live:
                self._make_late(self._live.popleft())

    def _is_known(self, row_id: int) -> bool:
        return any(row_id in ids for ids in (self._held, self._taken, self._acked, self._refused))

    def _make_late(self, row_id: int) -> None:
        del self._held[row_id]
        self._cursor = min(self._cursor, row_id - 1)
        self._has_more = True
        self._epoch += 1
