"""Where durable messages are kept: on disk as long as it takes them, else in memory for a while.

A disk that is full, read-only or damaged is told of, and tried again; it never stops anybody. For
one thread, but for `state`.
"""

import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from edgedet.clock import Clock
from edgedet.publish.kind import Kind
from edgedet.publish.spool.durable import Stored
from edgedet.publish.spool.file import Losses, SpoolFile
from edgedet.publish.spool.room import Room
from edgedet.publish.spool.salvage import put_aside
from edgedet.publish.spool.schema import DamagedSpoolError, SpoolError
from edgedet.publish.spool.trim import Limits, trim

logger = logging.getLogger(__name__)

FILE_NAME = "spool.db"
MEMORY_BYTES = 8 * 1024 * 1024

_RETRY_S = 5.0
_MOVED_AT_ONCE = 64  # each time as one entry in the log, which a small disk must hold
_ID_BITS = 20


@dataclass(frozen=True, slots=True)
class StoreState:
    """Whether messages outlive the process; if not, `reason` says why."""

    is_durable: bool
    reason: str = ""


class SpoolStore:
    """Two spools that look like one, from `open` to `close`, on one thread."""

    def __init__(self, path: Path, limits: Limits, clock: Clock, *, syncs_commits: bool) -> None:
        """Keep messages at `path`; nothing is opened before `open`."""
        self.state = StoreState(is_durable=True)
        self._path = path
        self._limits = limits
        self._room = Room(path.parent, limits.max_bytes)
        self._clock = clock
        self._syncs_commits = syncs_commits
        self._memory: SpoolFile
        self._disk: SpoolFile | None = None
        self._unremoved: set[int] = set()  # gone, but the disk did not take it yet
        self._retry_s = 0.0

    def open(self) -> int:
        """Open the file if there is one; an id above all in use.

        What does not work is told and tried again; a new file is made for the first message.
        """
        self._memory = SpoolFile(None)
        with suppress(OSError):
            if self._path.exists():
                self._try_disk()
        try:
            if self._disk is not None:
                return self._disk.last_id + 1
        except SpoolError as exc:
            self._failed(exc)
        # above what may be on the disk, should it come back
        return int(self._clock.utc_now().timestamp() * 1000) << _ID_BITS

    def heirs(self, limit: int) -> list[int]:
        """The oldest messages that tell of losses."""
        try:
            return [] if self._disk is None else self._disk.heirs(limit)
        except SpoolError as exc:
            self._failed(exc)
            return []

    @property
    def counts(self) -> dict[Kind, int]:
        """How many messages of each kind are kept."""
        on_disk = self._disk.counts if self._disk is not None else {}
        return {kind: self._memory.counts[kind] + on_disk.get(kind, 0) for kind in Kind}

    @property
    def used_bytes(self) -> int:
        """The room that they take on disk, or in memory while the disk takes nothing."""
        try:
            return self._writable().used_bytes
        except SpoolError as exc:
            self._failed(exc)
            return self._memory.used_bytes

    def apply(self, *, remove: Collection[int] = (), add: Sequence[Stored] = ()) -> None:
        """Remove and add; each of `add` is told what was lost before it."""
        if (add or not self.state.is_durable) and self._clock.monotonic() >= self._retry_s:
            self._try_disk()
        self._unremoved.update(remove)
        if self.state.is_durable and self._disk is not None:
            try:
                self._disk.apply(remove=self._unremoved, add=add)
            except SpoolError as exc:
                self._failed(exc)
            else:
                self._unremoved.clear()
                return
        self._memory.apply(remove=remove, add=add)

    def note_losses(self, losses: Losses) -> None:
        """Let the next message of each topic tell of what was lost on its way here."""
        try:
            self._writable().note_losses(losses)
        except SpoolError as exc:
            self._failed(exc)
            self._memory.note_losses(losses)

    def after(self, row_id: int, limit: int) -> list[Stored]:
        """The next messages behind `row_id`."""
        found = self._memory.after(row_id, limit)
        if self._disk is not None:
            try:
                found += self._disk.after(row_id, limit + len(self._unremoved))
            except SpoolError as exc:
                self._failed(exc)
        found = [stored for stored in found if stored.id not in self._unremoved]
        return sorted(found, key=lambda stored: stored.id)[:limit]

    @property
    def is_full(self) -> bool:
        """Whether more is kept than may be."""
        return self.used_bytes > self._limits_now.max_bytes

    def trim(self, boot: str, spared: Collection[int], *, looks_at_age: bool) -> list[Stored]:
        """Give up what is too old or too much, but not `spared`; what was given up."""
        limits = self._limits_now
        if not looks_at_age:
            limits = replace(limits, max_age_s=None)
        try:
            return trim(self._writable(), limits, boot, spared, self._clock)
        except SpoolError as exc:
            self._failed(exc)
            return []

    def sync(self) -> None:
        """Have the disk keep it over a power cut."""
        if self.state.is_durable and self._disk is not None:
            try:
                self._disk.sync()
            except SpoolError as exc:
                self._failed(exc)

    def close(self) -> None:
        """Close; what is in memory alone is lost."""
        if self._disk is not None:
            self._disk.close()
        self._memory.close()

    @property
    def _limits_now(self) -> Limits:
        if self.state.is_durable:
            return replace(self._limits, max_bytes=self._room.limit(self.used_bytes))
        return replace(self._limits, max_bytes=min(MEMORY_BYTES, self._limits.max_bytes))

    def _writable(self) -> SpoolFile:
        return self._disk if self.state.is_durable and self._disk is not None else self._memory

    def _try_disk(self) -> None:
        """Open the file if it is not, and move there what memory has."""
        try:
            if self._disk is None:
                self._disk = self._opened()
            self._disk.apply(remove=self._unremoved)
            self._unremoved.clear()
            while held := self._memory.after(0, _MOVED_AT_ONCE):
                # some of these may be on their way already, and can tell of nothing more
                self._disk.apply(add=held, tells_losses=False)
                self._memory.apply(remove=[stored.id for stored in held])
            self._disk.note_losses(self._memory.losses)
        except SpoolError as exc:
            self._failed(exc)
            return
        if not self.state.is_durable:
            logger.info("the spool '%s' can be used again", self._path)
        self._memory.close()
        self._memory = SpoolFile(None)
        self._retry_s = float("inf")
        self.state = StoreState(is_durable=True)

    def _opened(self) -> SpoolFile:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return SpoolFile(self._path, syncs_commits=self._syncs_commits)
        except OSError as exc:
            raise SpoolError(exc.strerror or str(exc)) from exc
        except DamagedSpoolError as exc:
            return self._anew(exc)

    def _anew(self, damage: DamagedSpoolError) -> SpoolFile:
        """A new file with what could be read of the damaged one."""
        aside, saved = put_aside(self._path)
        logger.error(
            "the spool '%s' is damaged (%s): moved to '%s', and %d messages saved from it",
            self._path,
            damage,
            aside,
            len(saved),
        )
        file = SpoolFile(self._path, syncs_commits=self._syncs_commits)
        file.apply(add=saved, tells_losses=False)
        return file

    def _failed(self, exc: SpoolError) -> None:
        self._retry_s = self._clock.monotonic() + _RETRY_S
        if isinstance(exc, DamagedSpoolError) and self._disk is not None:
            self._disk.close()
            self._disk = None
            self._retry_s = 0.0  # begin anew at once
        reason = f"cannot keep messages in '{self._path}': {exc}"
        if reason != self.state.reason:
            logger.error(
                "%s; up to %d MB are held in memory meanwhile, and lost with the process; %s",
                reason,
                MEMORY_BYTES >> 20,
                exc.advice,
            )
        self.state = StoreState(is_durable=False, reason=reason)
