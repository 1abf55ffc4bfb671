"""`edgedet learn approve`, `reject`, `purge` and `reconcile`: beside a running service, too."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from rich.console import Console

from edgedet.clock import SystemClock, utc_text
from edgedet.commands.learn.access import Access, opened
from edgedet.errors import UsageError
from edgedet.sample.base import Sample, State
from edgedet.sample.decisions import UNDECIDED, Decisions


@dataclass(frozen=True, slots=True)
class Chosen:
    """Samples that a person names, or all that wait, of one source or of any."""

    names: tuple[str, ...]
    source: str | None
    every: bool


@dataclass(frozen=True, slots=True)
class Purge:
    """What is to be forgotten. Without names: by state and age, with or without pictures."""

    names: tuple[str, ...]
    states: tuple[str, ...]
    older_than_days: float
    pictures: bool


def approve(config: Path, chosen: Chosen, *, as_json: bool) -> None:
    """Let samples leave.

    Raises:
        UsageError: if none is chosen, or one is past approval.
        SampleError: if there is no store, or it cannot be written.
    """
    with opened(config) as access:
        samples = _waiting(access, chosen)
        late = [s for s in samples if s.state in (State.REFUSED, State.DONE)]
        if late:
            msg = f"{late[0].id} is {late[0].state.value} and cannot be approved any more"
            raise UsageError(msg)
        decided = Decisions(access.store, SystemClock()).approve(each.id for each in samples)
        _tell("approved", decided.done, as_json=as_json)


def reject(config: Path, chosen: Chosen, reason: str, *, as_json: bool) -> None:
    """End the life of samples.

    Raises:
        UsageError: if none is chosen, or one has left the device.
        SampleError: if there is no store, or it cannot be written.
    """
    with opened(config) as access:
        samples = _waiting(access, chosen)
        late = [s for s in samples if s.state not in UNDECIDED]
        if late:
            msg = f"{late[0].id} is {late[0].state.value} and cannot be rejected any more"
            raise UsageError(msg)
        decisions = Decisions(access.store, SystemClock())
        decided = decisions.reject((each.id for each in samples), reason)
        decisions.sweep(everything=True)
        _tell("rejected", decided.done, as_json=as_json)


def purge(config: Path, request: Purge, *, as_json: bool) -> None:
    """Forget samples.

    Raises:
        UsageError: if a sample or state is none.
        SampleError: if there is no store, or it cannot be written.
    """
    states = State.named(request.states, "--state") or (State.DONE, State.REFUSED)
    with opened(config) as access:
        if request.names:
            samples = [access.find(name) for name in request.names]
        else:
            before = datetime.now(timezone.utc) - timedelta(days=request.older_than_days)
            samples = [
                each
                for each in access.store.ledger.samples(states)
                if each.kept < utc_text(before) and (request.pictures or each.place is None)
            ]
        for each in samples:
            access.store.purge(each)
        _tell("purged", samples, as_json=as_json)


def reconcile(config: Path, *, as_json: bool) -> None:
    """Make ledger and pictures agree.

    Raises:
        SampleError: if there is no store, or it cannot be written.
    """
    with opened(config) as access:
        found = access.store.reconcile()
    text = (
        f"{found.strays} files removed that no sample has, {found.lost} samples refused whose"
        f" picture is gone, {found.taken} delivered pictures were taken away"
    )
    _print(asdict(found) if as_json else text)


def _waiting(access: Access, chosen: Chosen) -> list[Sample]:
    """The samples that are meant.

    Raises:
        UsageError: if none is named, or one is not there.
    """
    if bool(chosen.names) == chosen.every:
        msg = "name samples by their ids, or say --all; `edgedet learn ls --state kept` lists them"
        raise UsageError(msg)
    if chosen.every:
        return access.store.ledger.samples((State.KEPT,), chosen.source)
    return [access.find(name) for name in dict.fromkeys(chosen.names)]


def _tell(word: str, samples: Sequence[Sample], *, as_json: bool) -> None:
    ids = [each.id for each in samples]
    _print({word: ids} if as_json else f"{len(ids)} {word}")


def _print(value: str | dict[str, object] | dict[str, list[str]]) -> None:
    text = value if isinstance(value, str) else json.dumps(value, indent=2)
    Console(soft_wrap=True).print(text, markup=False, highlight=False, emoji=False)
