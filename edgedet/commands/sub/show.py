"""Messages as lines: for people, and as JSON for programs."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from edgedet.commands.sub.inspector import Body, Inspection, Inspector

_MOST_OBJECTS = 8


def line_of(inspection: Inspection, now: datetime) -> Text:
    """One line, and one more for each thing found."""
    text = Text(f"{now:%H:%M:%S}.{now.microsecond // 1000:03d} ", style="dim")
    address = inspection.address
    if address is None:
        text.append(_clean(f"{inspection.topic} {inspection.size_bytes} bytes"), style="dim")
    else:
        who = f"{address.device}/{address.source}" if address.source else address.device
        what = f"{address.kind}/{address.name}" if address.name else address.kind
        text.append(_clean(who), style="cyan").append(f" {_clean(what)}", style="bold")
        text.append(" (backlog)" if address.is_backlog else "")
        text.append(" (retained)" if inspection.is_retained else "", style="dim")
        text.append(f" {_clean(_summary(inspection))}")
    for problem in inspection.problems:
        text.append(f"\n  invalid: {_clean(problem)}", style="red")
    for note in inspection.notes:
        text.append(f"\n  {_clean(note)}", style="yellow")
    return text


def lost_line(name: str, what: str) -> Text:
    """Something that happened without a message."""
    return Text(f"  {_clean(name)} {_clean(what)}", style="yellow")


def json_of(inspection: Inspection) -> str:
    """The same for programs."""
    address = inspection.address
    return json.dumps(
        {
            "topic": inspection.topic,
            "kind": None if address is None else address.kind,
            "retained": inspection.is_retained,
            "valid": not inspection.problems,
            "problems": inspection.problems,
            "notes": inspection.notes,
            "size_bytes": inspection.size_bytes,
            "payload": inspection.body,
        },
        ensure_ascii=False,
    )


def json_line(**fields: object) -> str:
    """A line for programs that is no message."""
    return json.dumps(fields, ensure_ascii=False)


def figures_of(inspector: Inspector, now: datetime) -> dict[str, Any]:
    """What came, and what did not."""
    return {
        "messages": inspector.tally.messages,
        "invalid": inspector.tally.invalid,
        "missing": inspector.sequences.missing,
        "discarded": inspector.sequences.discarded,
        "repeated": inspector.sequences.repeated,
        "late": inspector.tally.late,
        "states": dict(inspector.presence.states(now)),
    }


def summary_of(figures: Mapping[str, Any]) -> Text:
    """The figures in a few lines."""
    is_bad = figures["invalid"] or figures["missing"]
    text = Text(
        f"{figures['messages']} messages, {figures['invalid']} invalid,"
        f" {figures['missing']} missing, {figures['discarded']} given up by devices,"
        f" {figures['repeated']} repeated, {figures['late']} late",
        style="red" if is_bad else "green",
    )
    for name, state in figures["states"].items():
        text.append(
            f"\n  {_clean(name)}: {_clean(state)}",
            style="yellow" if state == "unknown" else "default",
        )
    return text


def _clean(text: str) -> str:
    """`text` without what could steer a terminal: it may come from anybody."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _summary(inspection: Inspection) -> str:
    body, address = inspection.body, inspection.address
    if body is None or address is None or inspection.problems:
        return f"{inspection.size_bytes} bytes"
    return _SUMMARIES.get(address.kind, _nothing)(body)


def _nothing(_body: Body) -> str:
    return ""


def _detections(body: Body) -> str:
    objects = body["objects"]
    names = ", ".join(
        f"{each['label']} {each['score']:.2f}" + (f" #{each['track']}" if each.get("track") else "")
        for each in objects[:_MOST_OBJECTS]
    )
    more = f" and {len(objects) - _MOST_OBJECTS} more" if len(objects) > _MOST_OBJECTS else ""
    latency = body["time"].get("latency_ms")
    skipped = body["frame"].get("skipped")
    return (
        f"seq {body['seq']}: {names or 'nothing'}{more}"
        + (f", {latency:.0f} ms" if latency is not None else "")
        + (f", {skipped} skipped" if skipped else "")
    )


def _events(body: Body) -> str:
    where = body.get("zone") or body.get("line") or ""
    words = (body["kind"], where, body.get("direction", ""), body["type"])
    told = " ".join(word for word in words if word)
    seen = body["object"]
    reason = f" ({body['reason']})" if body.get("reason") else ""
    seconds = body["time"]["duration_s"]
    return (
        f"seq {body['seq']}: {told}: {seen['label']} #{seen['track']} after {seconds:.1f} s{reason}"
    )


def _status(body: Body) -> str:
    reason = f": {body['reason']}" if body.get("reason") else ""
    return f"{body['state']}{reason}, session {body['session']}"


def _source_status(body: Body) -> str:
    rates = f"{body['fps_in']:.1f} frames/s in, {body['fps_inferred']:.1f} detected"
    reason = f": {body['reason']}" if body["reason"] else ""
    return f"{body['state']}{reason}, {rates}, {body['dropped']} dropped"


def _counts(body: Body) -> str:
    return ", ".join(f"{count} {label}" for label, count in body["classes"].items()) or "nothing"


def _info(body: Body) -> str:
    model = body["model"]
    rollout = body.get("rollout", {"state": "idle"})
    told = "" if rollout["state"] == "idle" else f", change to {rollout['to']} {rollout['state']}"
    return (
        f"edgedet {body['version']}, {model['name']} {model['version']} {model['precision']},"
        f" sources {', '.join(body['sources'])}{told}"
    )


def _metrics(body: Body) -> str:
    dropped = sum(each["dropped"] for each in body["sources"])
    return f"up {body['uptime_s']:.0f} s, {body['mqtt']['pending']} waiting, {dropped} dropped"


def _command(body: Body) -> str:
    return f"{body['id']} {json.dumps(body.get('args', {}), ensure_ascii=False)}"


def _desired_model(body: Body) -> str:
    return f"{body['id']} {body.get('model') or body.get('url')}"


def _reply(body: Body) -> str:
    told = body.get("reason") or json.dumps(body.get("result", {}), ensure_ascii=False)
    return f"{body['id']} {body['status']}: {told}"


_SUMMARIES: Mapping[str, Callable[[Body], str]] = {
    "detections": _detections,
    "events": _events,
    "status": _status,
    "source_status": _source_status,
    "counts": _counts,
    "info": _info,
    "metrics": _metrics,
    "command": _command,
    "reply": _reply,
    "desired_model": _desired_model,
}
