"""A bounded queue between two threads: a size, a policy and counters.

It owns what is inside: whatever is dropped is disposed of, so a decoder gets its buffers back.
"""

import threading
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class Policy(str, Enum):
    """What happens to an item when the channel is full."""

    DROP_OLDEST = "drop_oldest"
    """The oldest item makes room: the newest wins, and the producer never waits."""
    BLOCK = "block"
    """The producer waits: nothing is lost."""


def _keep(_item: object) -> None:
    """The disposal of items that hold nothing."""


def _nothing() -> None:
    """The watcher of a channel that nobody watches."""


class Channel(Generic[T]):
    """A first-in, first-out queue of at most `capacity` items.

    `dispose` is called for each item that is dropped, without any lock held, on the thread that
    caused it.
    """

    def __init__(
        self,
        capacity: int,
        policy: Policy = Policy.BLOCK,
        *,
        dispose: Callable[[T], object] = _keep,
    ) -> None:
        """Make an empty, open channel.

        Raises:
            ValueError: if `capacity` is below 1.
        """
        if capacity < 1:
            msg = f"a channel holds at least 1 item, got capacity {capacity}"
            raise ValueError(msg)
        self._capacity = capacity
        self._policy = policy
        self._dispose = dispose
        self._on_change: Callable[[], object] = _nothing
        self._lock = threading.Lock()  # guards everything below
        self._not_empty = threading.Condition(self._lock)
        self._not_full = threading.Condition(self._lock)
        self._items: deque[T] = deque()
        self._is_closed = False
        self._accepted = 0
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def accepted(self) -> int:
        """Items put in so far."""
        return self._accepted

    @property
    def dropped(self) -> int:
        """Items thrown away so far: pushed out by newer ones, late, or discarded."""
        return self._dropped

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can be put in."""
        return self._is_closed

    @property
    def is_drained(self) -> bool:
        """Whether nothing is inside and nothing will come."""
        with self._lock:
            return self._is_closed and not self._items

    def watch(self, on_change: Callable[[], object]) -> None:
        """Call `on_change` after each item put in and after `close`, on the thread that did it.

        For a consumer of several channels. Set it before the threads start.
        """
        self._on_change = on_change

    def put(self, item: T, timeout_s: float | None = None) -> bool:
        """Put `item` in; whether it was taken over.

        A full blocking channel waits up to `timeout_s` (None: for ever) and then leaves the item
        with the caller. A closed channel disposes of it, as nobody will ever ask for it.
        """
        pushed_out: T | None = None
        with self._lock:
            if self._policy is Policy.BLOCK and not self._wait_for_room(timeout_s):
                return False
            is_refused = self._is_closed
            if is_refused:
                pushed_out = item
                self._dropped += 1
            else:
                if len(self._items) >= self._capacity:
                    pushed_out = self._items.popleft()
                    self._dropped += 1
                self._items.append(item)
                self._accepted += 1
                self._not_empty.notify()
        if pushed_out is not None:
            self._dispose(pushed_out)
        if is_refused:
            return False
        self._on_change()
        return True

    def get(self, timeout_s: float) -> T | None:
        """The oldest item; None when none came within `timeout_s`, or the channel is drained."""
        with self._lock:
            self._not_empty.wait_for(lambda: self._items or self._is_closed, timeout_s)
            return self._pop()

    def get_nowait(self) -> T | None:
        """The oldest item, or None when there is none now."""
        if not self._items:  # a single read of a deque is safe, and most calls end here
            return None
        with self._lock:
            return self._pop()

    def pick(self, accepts: Callable[[T], bool], *, newest: bool) -> T | None:
        """The oldest item that `accepts` accepts, or the newest such; None if there is none now.

        What is passed over is dropped. For a single consumer.
        """
        picked: T | None = None
        while (newest or picked is None) and (item := self.get_nowait()) is not None:
            if not accepts(item):
                self._pass_over(item)
                continue
            if picked is not None:
                self._pass_over(picked)
            picked = item
        return picked

    def close(self) -> None:
        """Take nothing more in; what is inside can still be taken out. May be called twice."""
        with self._lock:
            self._is_closed = True
            self._not_empty.notify_all()
            self._not_full.notify_all()
        self._on_change()

    def discard(self) -> int:
        """Close, and throw away what is inside; the number thrown away."""
        with self._lock:
            items = list(self._items)
            self._items.clear()
            self._dropped += len(items)
        self.close()
        for item in items:
            self._dispose(item)
        return len(items)

    def _pass_over(self, item: T) -> None:
        with self._lock:
            self._dropped += 1
        self._dispose(item)

    def _wait_for_room(self, timeout_s: float | None) -> bool:
        """Whether there is room or the channel is closed; the lock is held."""
        return self._not_full.wait_for(
            lambda: self._is_closed or len(self._items) < self._capacity, timeout_s
        )

    def _pop(self) -> T | None:
        """The oldest item if any; the lock is held."""
        if not self._items:
            return None
        item = self._items.popleft()
        self._not_full.notify()
        return item
