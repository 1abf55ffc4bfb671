"""What people decide about samples: one set of rules, for `edgedet learn` and for the page.

Several may decide at once, in several processes: whoever comes second is told what was decided
before. A rejected picture stays on the disk for a minute, so that a wrong key can be taken back.
How long it has been there is in memory alone; after a kill the next start removes it.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edgedet.clock import Clock
from edgedet.sample.base import Sample, State
from edgedet.sample.store import SampleStore, remove_files

UNDO_S = 60.0
"""How long a rejection can be taken back."""
UNDECIDED = (State.KEPT, State.APPROVED)
"""What has not left the device, and may be rejected."""
_MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a decision: samples as they are now, those of `late` as others left them."""

    done: tuple[Sample, ...] = ()
    late: tuple[Sample, ...] = ()
    unknown: tuple[str, ...] = ()


class Decisions:
    """Decides about the samples of a store; each call is one transaction. For any thread."""

    def __init__(self, store: SampleStore, clock: Clock) -> None:
        """Whoever makes one calls `sweep`, from time to time and at the end."""
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()  # guards what follows
        self._leaving_s: dict[str, float] = {}

    def approve(self, sample_ids: Iterable[str]) -> Decided:
        """Let samples leave that wait to be approved.

        Raises:
            SampleError: the ledger cannot be written.
        """

        def approved(sample: Sample) -> bool:
            return self._store.ledger.change(sample.id, (State.KEPT,), state=State.APPROVED)

        return self._decide(sample_ids, approved)

    def reject(self, sample_ids: Iterable[str], reason: str) -> Decided:
        """End the life of samples that have not been sent; their pictures go with a `sweep`.

        Raises:
            SampleError: the ledger cannot be written.
        """
        words = plain(reason)
        due_s = self._clock.monotonic() + UNDO_S

        def rejected(sample: Sample) -> bool:
            ledger = self._store.ledger
            if not ledger.change(sample.id, UNDECIDED, state=State.REFUSED, reason=words):
                return False
            ledger.count("refused")
            with self._lock:
                self._leaving_s[sample.id] = due_s
            return True

        return self._decide(sample_ids, rejected)

    def undo(self, sample_ids: Iterable[str]) -> Decided:
        """Let samples wait to be approved again: approved ones, and rejected ones with a picture.

        Raises:
            SampleError: the ledger cannot be written.
        """

        def undone(sample: Sample) -> bool:
            ledger = self._store.ledger
            if not can_undo(sample):
                return False
            is_back = ledger.change(sample.id, (sample.state,), state=State.KEPT, reason="")
            if is_back and sample.state is State.REFUSED:
                ledger.count("refused", -1)
            return is_back

        return self._decide(sample_ids, undone)

    def sweep(self, *, everything: bool = False) -> int:
        """Remove the pictures whose rejection stands, or those of all; how many.

        Raises:
            SampleError: the ledger cannot be written.
        """
        now_s = self._clock.monotonic()
        with self._lock:
            due = {
                each: at_s for each, at_s in self._leaving_s.items() if everything or at_s <= now_s
            }
        removed = 0
        for sample_id, at_s in due.items():
            sample = self._store.ledger.get(sample_id)
            # taken back or purged meanwhile: then it is not ours
            if sample is not None and self._store.ledger.change(
                sample_id, (State.REFUSED,), place=None
            ):
                path = self._store.path_of(sample)
                if path is not None:
                    remove_files(path)
                    removed += 1
            with self._lock:
                if self._leaving_s.get(sample_id) == at_s:  # not rejected once more
                    del self._leaving_s[sample_id]
        return removed

    def _decide(self, sample_ids: Iterable[str], apply: Callable[[Sample], bool]) -> Decided:
        ledger = self._store.ledger
        done: list[str] = []
        late: list[Sample] = []
        unknown: list[str] = []
        with ledger.writing():
            for sample_id in dict.fromkeys(sample_ids):
                sample = ledger.get(sample_id)
                if sample is None:
                    unknown.append(sample_id)
                elif apply(sample):
                    done.append(sample_id)
                else:
                    late.append(sample)
            now = [found for each in done if (found := ledger.get(each)) is not None]
        return Decided(tuple(now), tuple(late), tuple(unknown))


def can_undo(sample: Sample) -> bool:
    """Whether what was decided about a sample can still be taken back."""
    if sample.state is State.REFUSED:
        return sample.place is not None
    return sample.state is State.APPROVED


def plain(reason: str) -> str:
    """A reason as one line that any terminal can show."""
    words = " ".join(reason.split())
    return "".join(each for each in words if each.isprintable())[:_MAX_REASON]
