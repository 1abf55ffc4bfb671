"""What a start makes of a change that the run before left unfinished.

Whatever the moment at which that run ended, a whole model serves afterwards, and never one that
was refused. A model whose code twice took the process with it is not tried a third time.
"""

import logging
from datetime import datetime

from edgedet.errors import ModelError
from edgedet.event import LastRun, RunEnd
from edgedet.manifest import Bundle, verify_bundle
from edgedet.models.store import CONFIGURED, ModelStore
from edgedet.rollout.record import Record, RecordFile, State, closed
from edgedet.rollout.wish import Asker, Wish

logger = logging.getLogger(__name__)

MAX_DEATHS = 1
"""So often may the process die while a new model's code runs: it may have been a power cut."""

_IN_ORDER = (RunEnd.STOPPED, RunEnd.ENDED)


def settle_restart(
    store: ModelStore, file: RecordFile, configured: Bundle, last: LastRun | None, now: datetime
) -> Record:
    """Make `active.json` agree with how far the run before had got; the record to go on with.

    To be called before a model is loaded. `last` is how that run ended, None: nobody knows.

    Raises:
        ModelError: it cannot be written down; the model that served before is to be used.
    """
    found = file.read()
    record = resumed(found, store, configured, last)
    if _is_before_the_watch(found) and found.configured_sha256 == configured.digest:
        # first of all, for once it is written that it was refused nobody looks for it any more
        store.put_back(found.before, configured, now, "the change was not finished")
    if record != found:
        file.write(record.model_copy(update={"since": now}))
    if record.state is State.RETURNING:
        # that it is to be taken back is written first, so that a kill in between changes nothing
        store.put_back(record.before, configured, now, record.reason)
        record = closed(record.model_copy(update={"state": State.ROLLED_BACK, "since": now}))
        file.write(record)
    return record


def _is_before_the_watch(record: Record) -> bool:
    return not record.state.is_over and record.state not in (State.WATCHING, State.RETURNING)


def resumed(record: Record, store: ModelStore, configured: Bundle, last: LastRun | None) -> Record:
    """What a start goes on with: RETURNING, if the new model has to go; the rest is done anew."""
    if record.state.is_over:
        return _activated_meanwhile(record, store, configured)
    if record.configured_sha256 != configured.digest:
        reason = "the configuration names another bundle since"
        return _ended(record, State.WITHDRAWN, reason, serving=CONFIGURED, desired=None)
    if record.state is State.WATCHING and store.model_in_use(configured) != record.to:
        reason = "another model was activated since"
        chosen = store.model_in_use(configured)
        return _ended(record, State.WITHDRAWN, reason, serving=chosen)
    if record.state is State.WATCHING and (damage := _damage(store, record.to)):
        return _ended(record, State.RETURNING, damage)
    if not record.state.is_risky or _in_order(last):
        return record
    return _after_a_death(record, last)


def _damage(store: ModelStore, model: str) -> str:
    """Why an installed model cannot be used; empty if it is whole."""
    try:
        if model != CONFIGURED:
            verify_bundle(store.find(model).bundle)
    except ModelError as exc:
        return str(exc)
    return ""


def _after_a_death(record: Record, last: LastRun | None) -> Record:
    deaths = record.deaths + 1
    told = _told(record, last, deaths)
    logger.warning("%s", told)
    record = record.model_copy(update={"deaths": deaths})
    if deaths <= MAX_DEATHS:
        return record
    if record.state is State.WATCHING:
        return _ended(record, State.RETURNING, told)
    return _ended(record, State.REFUSED, told)


def _activated_meanwhile(record: Record, store: ModelStore, configured: Bundle) -> Record:
    """While no service ran, somebody may have chosen another model: it is watched, too."""
    active = store.active()
    chosen = store.model_in_use(configured)
    if chosen == record.serving:
        return record
    if active is None or record.serving not in active.history or chosen == CONFIGURED:
        return record.model_copy(update={"serving": chosen})  # back to one that was in use before
    return Record(
        state=State.WATCHING,
        wish=Wish(asker=Asker.OPERATOR, model=chosen),
        before=record.serving,
        to=chosen,
        serving=record.serving,
        configured_sha256=configured.digest,
        reason="activated while the service was stopped",
        desired=record.desired,
    )


def _in_order(last: LastRun | None) -> bool:
    return last is not None and last.end in _IN_ORDER


def _told(record: Record, last: LastRun | None, deaths: int) -> str:
    how = "unknown" if last is None else last.end.value
    detail = f": {last.detail}" if last is not None and last.detail else ""
    return (
        f"the service ended without order while '{record.to}' was in state"
        f" {record.state.value} (time {deaths}, at most {MAX_DEATHS}; {how}{detail})"
    )


def _ended(record: Record, state: State, reason: str, **changes: object) -> Record:
    ended = record.model_copy(update={"state": state, "reason": reason, **changes})
    return closed(ended) if state.is_over else ended
