"""Which messages a spool gives up when it is full or they are old, and who tells of the loss."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timezone

from edgedet.clock import Clock
from edgedet.publish.kind import Kind
from edgedet.publish.spool.durable import Stored
from edgedet.publish.spool.file import SpoolFile

_BATCH = 16
# before this there was no edgedet: a clock that says so has not been set yet
_FIRST_PLAUSIBLE = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept, and for how long; None: age is not looked at."""

    max_bytes: int
    max_age_s: float | None


def trim(
    file: SpoolFile, limits: Limits, boot: str, spared: Collection[int], clock: Clock
) -> list[Stored]:
    """Give up what is too old, then what is too much; what was given up.

    First of the kind that comes first, the oldest first, and none of `spared`. The next message of
    its topic and boot tells of a loss, if it is not spared too: it may have been sent already. Then
    the next that comes tells of it.

    Raises:
        SpoolError: the file cannot be used.
    """
    dropped = []
    max_age_s = float("inf") if limits.max_age_s is None else limits.max_age_s
    while limits.max_age_s is not None:
        old = [row for row in _oldest(file, spared) if _age_s(row, boot, clock) > max_age_s]
        if not old:
            break
        dropped += _drop(file, old, spared)
    for kind in Kind:
        while file.counts[kind] and file.used_bytes > limits.max_bytes:
            victims = _oldest(file, spared, kind)
            if not victims:
                break
            dropped += _drop(file, victims, spared)
    return dropped


def _oldest(file: SpoolFile, spared: Collection[int], kind: Kind | None = None) -> list[Stored]:
    found = file.after(0, _BATCH + len(spared), kind)
    return [stored for stored in found if stored.id not in spared][:_BATCH]


def _drop(file: SpoolFile, victims: list[Stored], spared: Collection[int]) -> list[Stored]:
    lost: Counter[tuple[str, Kind, str]] = Counter()
    last: dict[tuple[str, Kind, str], Stored] = {}
    for stored in victims:
        key = (stored.boot, *stored.topic)
        # what the lost message would have told of earlier losses is told by the next
        lost[key] += 1 + stored.lost_before
        last[key] = stored
    ids = [stored.id for stored in victims]
    heirs, orphans = [], Counter[tuple[Kind, str]]()
    for key, count in lost.items():
        heir = _heir(file, last[key], {*ids, *spared})
        if heir is None:
            orphans[last[key].topic] += count
        else:
            heirs.append((heir, count))
    file.drop(ids, heirs, orphans)
    return victims


def _heir(file: SpoolFile, victim: Stored, excluded: Collection[int]) -> int | None:
    row_id = file.next_of(victim, victim.id)
    while row_id is not None and row_id in excluded:
        row_id = file.next_of(victim, row_id)
    return row_id


def _age_s(stored: Stored, boot: str, clock: Clock) -> float:
    if stored.boot == boot:
        return clock.monotonic() - stored.queued_s
    now, then = clock.utc_now().timestamp(), stored.utc_ms / 1000
    if min(now, then) < _FIRST_PLAUSIBLE:
        return 0.0  # unknown; the limit of bytes holds for it all the same
    return now - then
