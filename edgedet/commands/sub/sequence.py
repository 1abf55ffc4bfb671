"""What the numbers of messages say about those that did not come. Pure."""

from collections.abc import Hashable
from dataclasses import dataclass, field

_MOST_REMEMBERED = 100_000


@dataclass(slots=True)
class _Series:
    """The messages of one topic in one run of a service."""

    first: int
    next: int
    missing: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a message's number says: how many are missing just before it, and whether it is old.

    `discarded` of the missing were given up by the device, as it says itself.
    """

    missing: int = 0
    discarded: int = 0
    is_repeated: bool = False
    is_late_comer: bool = False


class Sequences:
    """Follows the numbers of every topic from the first message that is seen of it."""

    def __init__(self) -> None:
        """Begin without any."""
        self._series: dict[Hashable, _Series] = {}
        self._forgotten = 0
        self.discarded = 0
        self.repeated = 0

    @property
    def missing(self) -> int:
        """Messages that did not come, and that no device told of."""
        return self._forgotten + sum(len(series.missing) for series in self._series.values())

    def arrive(self, key: Hashable, seq: int, lost_before: int = 0) -> Arrival:
        """Note that message `seq` of the topic and run in `key` came."""
        series = self._series.get(key)
        if series is None:
            self._series[key] = _Series(seq, seq + 1)
            return Arrival()
        if seq in series.missing:
            series.missing.discard(seq)
            return Arrival(is_late_comer=True)
        if seq < series.next:
            is_repeated = seq >= series.first
            self.repeated += is_repeated
            return Arrival(is_repeated=is_repeated, is_late_comer=not is_repeated)
        return self._jump(series, seq, lost_before)

    def _jump(self, series: _Series, seq: int, lost_before: int) -> Arrival:
        missing = seq - series.next
        discarded = min(missing, lost_before)
        self.discarded += discarded
        # the device's losses are the latest: it tells them with the next message
        end = seq - discarded
        remembered = min(end, series.next + max(0, _MOST_REMEMBERED - len(series.missing)))
        series.missing.update(range(series.next, remembered))
        self._forgotten += end - remembered
        series.next = seq + 1
        return Arrival(missing, discarded)
