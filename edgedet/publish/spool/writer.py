"""What the thread of the spool does each time it looks: write, remove, give up, sync, fetch."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgedet.clock import Clock
from edgedet.publish.kind import Kind
from edgedet.publish.spool.durable import Draft, DurableEncoder, Stored
from edgedet.publish.spool.file import Losses
from edgedet.publish.spool.lanes import SpoolLanes
from edgedet.publish.spool.store import SpoolStore, StoreState

REMOVED_AT_ONCE = 64
"""So many acknowledged messages are removed without further delay."""

_MAX_HEIRS = 256
_TICK_S = 1.0  # how late the others are, and how often age is looked at


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a turn did besides writing."""

    dropped: list[Stored]
    is_more_to_send: bool


class SpoolWriter:
    """Moves messages between store and lanes. For one thread."""

    def __init__(  # noqa: PLR0913 - its owner calls it once
        self,
        store: SpoolStore,
        encoder: DurableEncoder,
        lanes: SpoolLanes,
        boot: str,
        fsync_s: float | None,
        clock: Clock,
    ) -> None:
        """Sync at most every `fsync_s`, or never; at 0 the store does it with each commit."""
        self._store = store
        self._encoder = encoder
        self._lanes = lanes
        self._boot = boot
        self._fsync_s = fsync_s
        self._clock = clock
        self._next_id = 0
        self._tidied_s = self._synced_s = clock.monotonic()
        self._is_unsynced = False

    @property
    def state(self) -> StoreState:
        """Whether what is written outlives the process."""
        return self._store.state

    @property
    def kept(self) -> dict[Kind, int]:
        """How many messages are kept, by kind."""
        return self._store.counts

    @property
    def used_bytes(self) -> int:
        """The room that they take."""
        return self._store.used_bytes

    @property
    def wait_s(self) -> float:
        """How long there is nothing to do, unless somebody rings."""
        if not self._is_unsynced or not self._fsync_s:
            return _TICK_S
        return min(_TICK_S, max(0.0, self._synced_s + self._fsync_s - self._clock.monotonic()))

    def open(self) -> None:
        """Open the store."""
        self._next_id = self._store.open()
        # The last process may have sent these without living to see the answer. Given up now, they
        # would have the next one tell once more of all the losses that they told of
        self._lanes.spare(self._store.heirs(_MAX_HEIRS))

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def turn(self, drafts: Sequence[Draft], unkept: Losses, *, is_last: bool) -> Outcome:
        """Write `drafts`, of which `unkept` were given up before, and do what else is due."""
        is_tick = is_last or self._clock.monotonic() - self._tidied_s >= _TICK_S
        rows = self._write(drafts, unkept, is_tick=is_tick)
        dropped = self._trim(looks_at_age=is_tick) if rows or is_tick else []
        if is_tick:
            self._tidied_s = self._clock.monotonic()
        self._sync(is_last=is_last)
        has_fetched = not is_last and self._fetch()
        return Outcome(dropped, bool(rows) or has_fetched)

    def _write(self, drafts: Sequence[Draft], unkept: Losses, *, is_tick: bool) -> list[Stored]:
        acked = self._lanes.acked
        if not is_tick and len(acked) < REMOVED_AT_ONCE:
            acked = set()
        if unkept:
            self._store.note_losses(unkept)
        rows = [self._encoder.encode(draft, self._next_id + i) for i, draft in enumerate(drafts)]
        self._next_id += len(rows)
        if rows or acked or is_tick:  # at a tick the store may find its disk again
            self._store.apply(remove=acked, add=rows)
        self._lanes.removed(acked)
        self._lanes.stored(rows)
        self._is_unsynced |= bool(rows)
        return rows

    def _trim(self, *, looks_at_age: bool) -> list[Stored]:
        dropped = self._store.trim(self._boot, self._lanes.spared, looks_at_age=looks_at_age)
        if self._store.is_full:
            self._lanes.surrender()
            dropped += self._store.trim(self._boot, self._lanes.spared, looks_at_age=False)
        return dropped

    def _sync(self, *, is_last: bool) -> None:
        if not self._is_unsynced or self._fsync_s is None:
            return
        now_s = self._clock.monotonic()
        if is_last or now_s - self._synced_s >= self._fsync_s:
            if self._fsync_s > 0:
                self._store.sync()
            self._synced_s = now_s
            self._is_unsynced = False

    def _fetch(self) -> bool:
        """Fetch late messages if they are wanted; whether there are any."""
        if not self._lanes.wants_fetch:
            return False
        after, limit, epoch = self._lanes.begin_fetch()
        return self._lanes.fetched(self._store.after(after, limit), limit, epoch)
