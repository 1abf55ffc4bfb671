"""`edgedet learn export`: pictures and label files to a folder, as on a stick."""

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from edgedet.clock import SystemClock
from edgedet.commands.learn.access import Access, opened
from edgedet.errors import SampleError
from edgedet.manifest import read_bundle
from edgedet.sample.audit import Audit
from edgedet.sample.base import Parcel, Sample, SinkBusyError, SinkRefusalError, State
from edgedet.sample.sinks.folder import FolderSink

_NOT_SENT = (State.KEPT, State.APPROVED)


@dataclass(frozen=True, slots=True)
class Export:
    """What to copy where, and whether it is done then. No states: those that were not sent."""

    out: Path
    states: tuple[str, ...]
    source: str | None
    ends: bool


def export(config: Path, request: Export, *, as_json: bool) -> None:
    """Copy pictures that are on this disk to a folder, each with a line in the audit.

    Raises:
        UsageError: if a state is none.
        SampleError: if there is no store, or the folder cannot be written.
    """
    states = State.named(request.states, "--state") or _NOT_SENT
    console = Console(stderr=True)
    copied, missing = [], 0
    with opened(config) as access:
        samples = access.store.ledger.samples(states, request.source)
        names = tuple(read_bundle(access.settings.model.bundle).manifest.class_names)
        sink = FolderSink(request.out)
        with Progress(console=console, disable=not console.is_terminal) as bar:
            for sample in bar.track(samples, description="pictures"):
                if _copy(access, sink, sample, names, ends=request.ends):
                    copied.append(sample.id)
                else:
                    missing += 1
    told = f"{len(copied)} pictures to {request.out}; {missing} are no longer on this disk"
    text = json.dumps({"exported": copied, "missing": missing}) if as_json else told
    Console(soft_wrap=True).print(text, markup=False, highlight=False, emoji=False)


def _copy(
    access: Access, sink: FolderSink, sample: Sample, names: tuple[str, ...], *, ends: bool
) -> bool:
    """Whether the picture is in the folder now."""
    picture = access.store.path_of(sample)
    if picture is None:
        return False
    audit = Audit(access.store.ledger, SystemClock())
    line = audit.begin(sample, "export", sink.target)
    try:
        sink.upload(Parcel(sample, picture, "", names))
    except SinkRefusalError as exc:
        audit.end(line, f"refused: {exc}")
        return False
    except SinkBusyError as exc:
        audit.end(line, f"not now: {exc}")
        raise SampleError(str(exc)) from exc
    audit.end(line, "sent")
    if ends and sample.state in _NOT_SENT:
        remark = f"exported to {sink.target}"
        access.store.move(sample, None, _NOT_SENT, State.DONE, reason=remark)
    return True
