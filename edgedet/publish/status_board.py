"""What is retained of every source, and which of it the broker has not been told yet."""

import threading
from collections.abc import Collection

from edgedet.analytics import SourceCounts
from edgedet.clock import Clock, Deadline
from edgedet.event import SourceStatus

State = SourceStatus | SourceCounts

_Key = tuple[type, str]


class StatusBoard:
    """Keeps the newest states of each source; what is older and unsent is of no use to anyone."""

    def __init__(self, clock: Clock) -> None:
        """Start empty."""
        self._clock = clock
        self._changed = threading.Condition()  # guards all below
        self._latest: dict[_Key, State] = {}
        self._untold: dict[_Key, None] = {}
        self._under_way: dict[_Key, State] = {}
        self._taken_s: dict[_Key, float] = {}
        self._sources: frozenset[str] | None = None

    def put(self, state: State) -> None:
        """Replace what is known of a source."""
        with self._changed:
            if self._sources is None or state.source_id in self._sources:
                self._latest[_key(state)] = state
                self._untold[_key(state)] = None

    def keep(self, sources: Collection[str]) -> None:
        """Forget other sources than these, and hear nothing of them any more."""
        with self._changed:
            self._sources = frozenset(sources)
            for key in [key for key in self._latest if key[1] not in self._sources]:
                del self._latest[key]
                self._untold.pop(key, None)
                self._under_way.pop(key, None)
                self._taken_s.pop(key, None)
            self._changed.notify_all()

    def take_untold(self) -> list[State]:
        """The states that changed since they were last taken."""
        with self._changed:
            states = [self._latest[key] for key in self._untold]
            now_s = self._clock.monotonic()
            self._taken_s.update((key, now_s) for key in self._untold)
            self._untold.clear()
            self._under_way.update((_key(state), state) for state in states)
            return states

    def told(self, state: State) -> None:
        """The broker has `state` now, or refused it."""
        with self._changed:
            if self._under_way.get(_key(state)) is state:
                del self._under_way[_key(state)]
                self._changed.notify_all()

    def tell_all(self) -> None:
        """Let everything count as changed: the broker's copies may be gone."""
        with self._changed:
            self._untold = dict.fromkeys(self._latest)
            self._under_way.clear()

    def tell_old(self, age_s: float) -> None:
        """Let what was told so long ago count as changed: the broker's copies grow old."""
        with self._changed:
            before_s = self._clock.monotonic() - age_s
            old = (key for key, taken_s in self._taken_s.items() if taken_s <= before_s)
            self._untold.update(dict.fromkeys(old))

    def wait_until_told(self, timeout_s: float) -> int:
        """Wait until the broker has every change; how many it has not."""
        deadline = Deadline(timeout_s, self._clock)
        with self._changed:
            while self._untold_count() and not deadline.is_over():
                self._changed.wait(deadline.remaining_s())
            return self._untold_count()

    def _untold_count(self) -> int:
        return len(self._untold.keys() | self._under_way.keys())


def _key(state: State) -> _Key:
    return type(state), state.source_id
