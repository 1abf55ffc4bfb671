"""From kept frames to what the page shows of them, and from what is clicked there to the ledger.

Nothing is known here that the ledger does not know: the page, `edgedet learn` and the uploader may
all be at work at once.
"""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future

from edgedet.clock import Clock
from edgedet.errors import UsageError
from edgedet.event import SourceState
from edgedet.health.base import Decision, JsonObject, SampleQuery
from edgedet.sample.base import Sample, State
from edgedet.sample.budget import Use, uses
from edgedet.sample.decisions import UNDO_S, Decided, can_undo
from edgedet.sample.ledger import Kind
from edgedet.sample.picture import facts_of_objects, facts_of_origin, shrunk
from edgedet.sample.store import DROPPED
from edgedet.sampling import Sampling

logger = logging.getLogger(__name__)

_MOST_REASONS = 8
_DELIVERING = (SourceState.LIVE, SourceState.DEGRADED)


class SampleDesk:
    """The desk of an application. For any thread; methods as `edgedet.health.base` has them."""

    def __init__(
        self,
        sampling: Callable[[], Sampling | None],
        state_of: Callable[[str], SourceState | None],
        clock: Clock,
    ) -> None:
        """Look after what `sampling` keeps now; `state_of` is how a source does, None: no such."""
        self._now = sampling
        self._state_of = state_of
        self._clock = clock

    def listed(self, query: SampleQuery) -> JsonObject:
        """Kept frames, newest first, and how it goes with all of them."""
        sampling = self._now()
        if sampling is None:
            return {"enabled": False}
        wanted = State.named(query.states, "states")
        ledger = sampling.store.ledger
        older = False
        if query.ids:
            found = [each for name in query.ids if (each := ledger.get(name)) is not None]
        elif query.limit:
            # a place that was purged meanwhile is none: begin anew
            before = query.before if query.before and ledger.get(query.before) else None
            found = ledger.latest(query.limit + 1, query.source_id, query.strategy, wanted, before)
            older = len(found) > query.limit
            found = found[: query.limit]
        else:
            found = []
        kinds = ledger.kinds()
        return {
            "enabled": True,
            "samples": [_sample(each) for each in found],
            "older": older,
            "found": sum(each.number for each in kinds if _is_meant(each, query, wanted)),
            **_summary(sampling, kinds, self._clock),
        }

    def picture(self, sample_id: str, width: int | None) -> bytes | None:
        """A JPEG file, about so wide or as it was kept; None where there is none any more."""
        sampling = self._now()
        sample = None if sampling is None else sampling.store.ledger.get(sample_id)
        if sampling is None or sample is None:
            return None
        path = sampling.store.path_of(sample)
        return None if path is None else shrunk(path, sample.width, width or sample.width)

    def decide(self, decision: Decision) -> JsonObject:
        """Carry out a decision; `done` has the frames as they are now, `late` those it missed."""
        decisions = self._sampling().decisions
        if decision.action == "approve":
            decided = decisions.approve(decision.ids)
        elif decision.action == "reject":
            decided = decisions.reject(decision.ids, decision.reason or "rejected")
        else:
            decided = decisions.undo(decision.ids)
        if decided.done:
            logger.info("page: %s: %d samples", decision.action, len(decided.done))
        return _outcome(decided)

    def keep(self, source_id: str) -> "Future[str]":
        """Keep the next frame of a source: its id, or a SampleError that says why not."""
        sampling = self._sampling()
        state = self._state_of(source_id)
        if state not in _DELIVERING:
            told = "not there" if state is None else state.value
            msg = f"source '{source_id}' is {told}: there is no frame to keep"
            raise UsageError(msg)
        return sampling.request(source_id)

    def _sampling(self) -> Sampling:
        """Sampling as it runs.

        Raises:
            UsageError: it does not.
        """
        sampling = self._now()
        if sampling is None:
            msg = "no frames are sampled; `sampling` of the configuration enables it"
            raise UsageError(msg)
        return sampling


def _summary(sampling: Sampling, kinds: Iterable[Kind], clock: Clock) -> JsonObject:
    """How it goes with all samples, and what is left of the budgets and of the disk."""
    store, settings = sampling.store, sampling.settings
    by_state = dict.fromkeys((state.value for state in State), 0)
    sources, strategies = set(), set()
    for each in kinds:
        by_state[each.state.value] += each.number
        sources.add(each.source_id)
        strategies.add(each.strategy)
    now_s = clock.utc_now().timestamp()
    return {
        "approval": settings.approval,
        "sink": settings.sink,
        "trouble": sampling.trouble,
        "states": by_state,
        "sources": sorted(sources),
        "strategies": sorted(strategies),
        "budgets": [_budget(each) for each in uses(store.ledger, settings, now_s)],
        "stored_bytes": store.ledger.stored_bytes(),
        "quota_bytes": settings.quota_mib << 20,
        "dropped": store.ledger.counters().get(DROPPED, 0),
        "refusals": [
            {"reason": reason, "count": count}
            for reason, count in store.ledger.refusals(_MOST_REASONS)
        ],
        "undo_s": UNDO_S,
    }


def _sample(sample: Sample) -> JsonObject:
    return {
        "id": sample.id,
        "state": sample.state.value,
        "reason": sample.reason,
        **facts_of_origin(sample),
        "size_bytes": sample.size_bytes,
        "objects": facts_of_objects(sample),
        "has_picture": sample.place is not None,
        "can_undo": can_undo(sample),
    }


def _budget(use: Use) -> JsonObject:
    limit = use.limit
    return {
        "strategy": use.strategy,
        "type": limit.type,
        "per": limit.per,
        "value": limit.value,
        "spent": dict(use.spent),
    }


def _outcome(decided: Decided) -> JsonObject:
    return {
        "done": [_sample(each) for each in decided.done],
        "late": [_sample(each) for each in decided.late],
        "unknown": list(decided.unknown),
    }


def _is_meant(kind: Kind, query: SampleQuery, states: tuple[State, ...]) -> bool:
    return (
        (not states or kind.state in states)
        and query.source_id in (None, kind.source_id)
        and query.strategy in (None, kind.strategy)
    )
