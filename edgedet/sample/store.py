"""The pictures on disk beside the ledger: kept within a quota, and the two made to agree again.

A file is written and its row added inside one transaction of the ledger, and only there are files
looked for that no row knows. So whoever holds the ledger's lock sees both agree, but for what a
kill left behind, and `reconcile` clears that away.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgedet.errors import SampleError
from edgedet.files import write_whole
from edgedet.sample.base import Sample, State
from edgedet.sample.layout import FACTS, files_of
from edgedet.sample.ledger import Ledger
from edgedet.sample.making_way import is_wanted, making_way

logger = logging.getLogger(__name__)

FRAMES = "frames"
DROPPED = "dropped"
"""Counts frames that made way before they were sent, for want of space."""
_MIB = 1 << 20
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Space:
    """How much of a disk pictures may take, and how much stays free."""

    quota_bytes: int
    reserve_bytes: int

    @classmethod
    def of_mib(cls, quota_mib: int, reserve_mib: int) -> "Space":
        """The same from settings in MiB."""
        return cls(quota_mib * _MIB, reserve_mib * _MIB)


@dataclass(frozen=True, slots=True)
class SampleFiles:
    """The files of a sample: JPEG, and the text of `picture.facts_text`."""

    picture: bytes
    facts: str

    @property
    def disk_bytes(self) -> int:
        """What they take on a disk with blocks of 4 KiB."""
        sizes = (len(self.picture), len(self.facts.encode()))
        return sum(-(-size // _BLOCK) * _BLOCK for size in sizes)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found not to agree, and mended."""

    strays: int = 0
    """Files that no row knows, or that of a rejected sample: removed."""
    lost: int = 0
    """Open samples whose picture is gone: refused."""
    taken: int = 0
    """Delivered pictures that somebody took away: no longer counted against the quota."""

    @property
    def is_clean(self) -> bool:
        """Whether everything agreed."""
        return self == Reconciled()


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class SampleStore:
    """Ledger and pictures in one folder. Safe from several threads and processes."""

    def __init__(
        self,
        folder: Path,
        ledger: Ledger,
        space: Space,
        free_bytes: Callable[[Path], int] = _free_bytes,
    ) -> None:
        """Keep pictures below `folder`, where the ledger is too."""
        self.ledger = ledger
        self._folder = folder
        self._space = space
        self._free_bytes = free_bytes

    def keep(self, sample: Sample, files: SampleFiles, pay: Callable[[], object]) -> Sample:
        """Write a new sample's files and row, and call `pay`: all or nothing. The row as written.

        Raises:
            SampleError: there is no room, or the disk fails. Nothing is left of it then, or a file
                that the next `reconcile` removes.
        """
        path = self._folder / FRAMES / sample.source_id / f"{sample.id}.jpg"
        place = path.relative_to(self._folder).as_posix()
        kept = replace(sample, place=place, disk_bytes=files.disk_bytes)
        self._make_room(files.disk_bytes)
        try:
            with self.ledger.writing():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path.with_suffix(FACTS), files.facts.encode())
                write_whole(path, files.picture)
                self.ledger.add(kept)
                pay()
        except OSError as exc:
            msg = f"cannot write {path}: {exc.strerror or exc}; is the disk full?"
            raise SampleError(msg) from exc
        return kept

    def path_of(self, sample: Sample) -> Path | None:
        """The sample's picture, None if it is gone."""
        return None if sample.place is None else self._folder / sample.place

    def move(
        self,
        sample: Sample,
        place: Path | None,
        since: Sequence[State],
        to: State,
        **changes: str | int,
    ) -> bool:
        """Enter state `to` with the picture at `place` from now on, None: nowhere; whether done.

        The old files are removed afterwards; a kill in between leaves strays.
        """
        old = self.path_of(sample)
        text = None if place is None else self._text(place)
        if not self.ledger.change(sample.id, since, state=to, place=text, **changes):
            return False
        if old is not None and old != place:
            remove_files(old)
        return True

    def refuse(self, sample: Sample, reason: str) -> bool:
        """End a sample's life and remove its picture; False if it was at its end before."""
        with self.ledger.writing():
            if not self.ledger.refuse(sample.id, reason):
                return False
            self.ledger.set_place(sample.id, None)
        path = self.path_of(sample)
        if path is not None:
            remove_files(path)
        return True

    def purge(self, sample: Sample) -> None:
        """Remove the row and the picture of a sample, whatever its state."""
        if sample.state in (State.DONE, State.REFUSED):
            self.ledger.delete(sample.id)
        else:
            with self.ledger.writing():
                self.ledger.refuse(sample.id, "purged")
                self.ledger.delete(sample.id)
        path = self.path_of(sample)
        if path is not None:
            remove_files(path)

    def reconcile(self) -> Reconciled:
        """Make rows and files agree; the ledger is locked for as long as that takes."""
        strays, lost, taken = 0, 0, 0
        with self.ledger.writing():
            known = set()
            for sample in self.ledger.with_file():
                path = self._folder / str(sample.place)
                if path.is_file() and is_wanted(sample):
                    known.add(path)
                    continue
                self.ledger.set_place(sample.id, None)
                if sample.state in (State.KEPT, State.APPROVED):
                    lost += int(self.ledger.refuse(sample.id, "its picture is gone"))
                else:
                    taken += int(is_wanted(sample))
            for path in self._files():
                if path not in known and path.with_suffix(".jpg") not in known:
                    path.unlink(missing_ok=True)
                    strays += 1
        return Reconciled(strays, lost, taken)

    def _text(self, place: Path) -> str:
        """A place as the ledger has it: relative inside the store, which may be moved."""
        if place.is_relative_to(self._folder / FRAMES):
            return place.relative_to(self._folder).as_posix()
        return str(place.absolute())

    def _make_room(self, disk_bytes: int) -> None:
        """Let the oldest make way so that `disk_bytes` fit; nothing is dropped if that is no use.

        Raises:
            SampleError: if they do not fit.
        """
        with self.ledger.writing():
            missing = self._missing_bytes(disk_bytes)
            if missing <= 0:
                return
            doomed = making_way(self.ledger.with_file(), self._folder, missing)
            if not doomed:
                msg = (
                    f"no room for {disk_bytes} bytes in {self._folder}: quota"
                    f" {self._space.quota_bytes}, free {self._free_bytes(self._folder)}, kept free"
                    f" {self._space.reserve_bytes}; make room or change sampling.quota_mib"
                )
                raise SampleError(msg)
            for sample in doomed:
                self._drop(sample)
        for sample in doomed:
            remove_files(self._folder / str(sample.place))
        logger.warning("%d sampled frames made way, the oldest first: no room", len(doomed))

    def _missing_bytes(self, disk_bytes: int) -> int:
        """How much must go before `disk_bytes` fit; not above 0: nothing."""
        over_quota = self.ledger.stored_bytes() + disk_bytes - self._space.quota_bytes
        into_reserve = disk_bytes + self._space.reserve_bytes - self._free_bytes(self._folder)
        return max(over_quota, into_reserve)

    def _drop(self, sample: Sample) -> None:
        """Write down that a sample makes way; its files are removed afterwards."""
        was_there = (self._folder / str(sample.place)).is_file()
        self.ledger.set_place(sample.id, None)
        is_open = self.ledger.refuse(sample.id, "dropped: no room on the disk")
        self.ledger.count(DROPPED, int(is_open or (was_there and is_wanted(sample))))

    def _files(self) -> Iterator[Path]:
        """Every file below the pictures' folder, those half written too."""
        for path in (self._folder / FRAMES).rglob("*"):
            if path.is_file():
                yield path


def remove_files(picture: Path) -> None:
    """Remove a picture and what lies beside it; what is not there is none the worse."""
    for path in files_of(picture):
        _remove(path)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:  # a stray, then: `reconcile` tries again
        logger.warning("cannot remove %s: %s", path, exc.strerror or exc)
