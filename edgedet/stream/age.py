"""No result of a live source is published when its frame is older than the budget.

A frame that would be too old by the time it is answered is left out before the backend spends
anything on it. The estimate behind that may be wrong once in a while, as when the backend has just
become slower; what comes too late in spite of it is withheld.
"""

from edgedet.clock import Clock
from edgedet.stream.batch import Batch, BatchItem
from edgedet.stream.cost import BatchCost

_OWN_SHARE = 0.95  # of the budget; the rest is for the outlet
_PROBE_S = 1.0  # at least so often one goes that seems too late: the backend may have recovered
_TAIL_SMOOTHING = 0.2


class AgeLimit:
    """Says which frames are, or will be, too old. Made for two threads: infer and publish."""

    def __init__(self, budget_ms: float | None, cost: BatchCost, clock: Clock) -> None:
        """Allow `budget_ms` from a frame's arrival to its hand-over; None: any age."""
        self._limit_s = float("inf") if budget_ms is None else _OWN_SHARE * budget_ms / 1000.0
        self._cost = cost
        self._clock = clock
        self._tail_s = 0.0  # from the backend's answer to the hand-over; written by publish
        self._probed_s = float("-inf")

    @property
    def unreachable(self) -> str:
        """Why no result can come in time, whatever is done; empty if some can."""
        run_s = self._cost.usual_s(1) + self._tail_s
        if not self._cost.is_known or run_s <= self._limit_s:
            return ""
        return (
            f"the detector takes {1000.0 * run_s:.0f} ms for one picture, too long for"
            f" batch.latency_budget_ms of {1000.0 * self._limit_s / _OWN_SHARE:.0f}; raise it, or"
            " use a faster backend or a smaller model"
        )

    def fits(self, size: int) -> bool:
        """Whether a frame may wait for a batch of `size` to end, and then be in another one."""
        return 2.0 * self._cost.usual_s(size) <= self._limit_s

    def is_late(self, arrival_s: float, now_s: float) -> bool:
        """Whether a result is too old to be handed over now."""
        return now_s - arrival_s > self._limit_s

    def add_tail(self, tail_s: float) -> None:
        """Learn how long after the backend's answer a batch was handed over."""
        self._tail_s += _TAIL_SMOOTHING * (tail_s - self._tail_s)

    def answered(self, infer_s: float) -> None:
        """Learn what a batch took: after a good one there is no reason to hold the next."""
        if infer_s + self._tail_s <= self._limit_s:
            self._probed_s = float("-inf")

    def late_slots(self, batch: Batch, is_lossless: list[bool]) -> list[int]:
        """The slots of `batch` whose frames would be answered too late if it went now.

        The oldest goes first, as a smaller batch is answered sooner. `is_lossless` tells by slot.
        """
        live = [slot for slot, lossless in enumerate(is_lossless) if not lossless]
        if not live or self._limit_s == float("inf"):
            return []
        now_s = self._clock.monotonic()
        live.sort(key=lambda slot: batch.items[slot].frame.arrival_s)
        size = len(batch.items)
        late = 0
        while late < len(live) and self._will_be_late(batch.items[live[late]], now_s, size - late):
            late += 1
        if late == size and now_s - self._probed_s >= min(_PROBE_S, self._limit_s):
            self._probed_s = now_s
            late -= 1  # the newest one goes
        return sorted(live[:late])

    def _will_be_late(self, item: BatchItem, now_s: float, size: int) -> bool:
        answered_s = now_s + self._cost.cautious_s(size) + self._tail_s
        return self.is_late(item.frame.arrival_s, answered_s)
