"""`edgedet learn ls`, `show` and `audit`: as tables for people, as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from edgedet.clock import SystemClock
from edgedet.commands.learn.access import Access, opened
from edgedet.sample.audit import Audit, AuditLine
from edgedet.sample.base import Sample, State
from edgedet.sample.picture import facts_of_objects, facts_of_origin

JsonSample = dict[str, object]
_PIPE_WIDTH = 240


def ls(
    config: Path, states: Sequence[str], source: str | None, limit: int | None, *, as_json: bool
) -> None:
    """List samples, oldest first.

    Raises:
        UsageError: if a state is none.
        SampleError: if there is no store.
    """
    wanted = State.named(states, "--state")
    with opened(config) as access:
        samples = access.store.ledger.samples(wanted, source)
        samples = samples if limit is None else samples[-limit:]
        if as_json:
            _print_json({"samples": [described(access, each) for each in samples]})
            return
        table = Table("id", "state", "kept", "strategy", "why", "objects", "reason", box=None)
        for each in samples:
            table.add_row(
                each.id,
                each.state.value,
                each.kept,
                each.strategy,
                each.why,
                str(len(each.objects)),
                each.reason,
            )
        counts = access.store.ledger.by_state()
        told = [f"{count} {state}" for state, count in counts.items() if count]
        stored = access.store.ledger.stored_bytes() / (1 << 20)
        console = _console()
        if samples:
            console.print(table)
        quota = access.settings.sampling.quota_mib
        console.print(f"{', '.join(told) or 'no samples'}; {stored:.1f} of {quota} MiB")


def show(config: Path, name: str, *, as_json: bool) -> None:
    """Show one sample with its audit lines.

    Raises:
        UsageError: if there is no such sample.
        SampleError: if there is no store.
    """
    with opened(config) as access:
        found = access.find(name)
        lines = Audit(access.store.ledger, SystemClock()).lines(found.id)
        facts = described(access, found)
        if as_json:
            _print_json({"sample": facts, "audit": [asdict(line) for line in lines]})
            return
        table = Table(show_header=False, box=None)
        for key, value in facts.items():
            table.add_row(key, _text(value))
        console = _console()
        console.print(table)
        _print_audit(console, lines)


def audit(config: Path, *, as_json: bool) -> None:
    """List what left the device.

    Raises:
        SampleError: if there is no store.
    """
    with opened(config) as access:
        lines = Audit(access.store.ledger, SystemClock()).lines()
        if as_json:
            _print_json({"audit": [asdict(line) for line in lines]})
        else:
            _print_audit(_console(), lines)


def described(access: Access, sample: Sample) -> JsonSample:
    """A sample as programs read it."""
    picture = access.store.path_of(sample)
    return {
        "id": sample.id,
        "state": sample.state.value,
        "reason": sample.reason,
        **facts_of_origin(sample),
        "size_bytes": sample.size_bytes,
        "sha256": sample.sha256,
        "picture": None if picture is None else str(picture),
        "remote_id": sample.remote_id,
        "objects": facts_of_objects(sample),
    }


def _print_audit(console: Console, lines: Sequence[AuditLine]) -> None:
    table = Table("at", "sample", "action", "target", "bytes", "outcome", box=None)
    for line in lines:
        outcome = line.outcome or "not known: cut off"
        size = str(line.size_bytes)
        table.add_row(line.at, line.sample_id, line.action, line.target, size, outcome)
    console.print(table if lines else "nothing left the device")


def _console() -> Console:
    """A terminal as wide as it is; a pipe as wide as the widest row may be."""
    width = None if Console().is_terminal else _PIPE_WIDTH
    # reasons are people's words: what looks like markup is none
    return Console(soft_wrap=True, width=width, markup=False, highlight=False, emoji=False)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(_text(each) for each in value)
    if isinstance(value, dict):
        return "  ".join(_text(each) for each in value.values())
    return "" if value is None else str(value)


def _print_json(value: object) -> None:
    Console(soft_wrap=True).print(
        json.dumps(value, indent=2), markup=False, highlight=False, emoji=False
    )
