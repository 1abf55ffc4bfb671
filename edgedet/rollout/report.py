"""What others are told of the change of a model: on `info`, in replies, on the page. Pure."""

from collections.abc import Mapping

from edgedet.clock import utc_text
from edgedet.log import redact
from edgedet.rollout.record import Record, State

JsonObject = dict[str, object]
Figures = dict[str, int | float | str]

PRUNED = "pruned"
"""Counts the installed models that were removed by themselves."""
_COUNTED = (State.SETTLED, State.REFUSED, State.ROLLED_BACK)


def rollout_document(record: Record) -> JsonObject:
    """How far it is, as a message has it. Addresses stay here: they may hold a token."""
    desired = record.desired
    return {
        "state": record.state.value,
        "since": None if record.since is None else utc_text(record.since),
        "serving": record.to if record.state is State.WATCHING else record.serving,
        "before": record.before,
        "to": record.to,
        "asked_by": "" if record.wish is None else record.wish.asker.value,
        "reason": redact(record.reason),
        "figures": {name: round(value, 4) for name, value in record.figures.items()},
        "desired": None
        if desired is None
        else {
            "id": desired.id,
            "outcome": desired.outcome,
            "seen": utc_text(desired.seen),
            "reason": redact(desired.reason),
        },
    }


def rollout_figures(record: Record, counts: Mapping[str, int]) -> Figures:
    """The same for the page and the metrics, the counts since the start of the service."""
    found: Figures = {state.value: counts.get(state.value, 0) for state in _COUNTED}
    return found | {
        PRUNED: counts.get(PRUNED, 0),
        "under_way": int(not record.state.is_over),
        "state": record.state.value,
        "candidate": record.to if not record.state.is_over else "",
        "serving": str(rollout_document(record)["serving"]),
        "reason": redact(record.reason),
    }
