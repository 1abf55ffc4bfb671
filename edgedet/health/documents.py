"""What the page and probes read, as JSON: the figures under names of their own. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from edgedet.clock import utc_text
from edgedet.event import LastRun
from edgedet.health.base import JsonObject, SourceVitals, Vitals
from edgedet.health.history import INTERVAL_S, Point
from edgedet.health.verdict import Check, failures, liveness, readiness


def health_document(checks: Iterable[Check], *, is_trusted: bool) -> tuple[bool, JsonObject]:
    """Whether all is well, and the answer of a probe; strangers get no reasons."""
    found = list(checks)
    is_ok = not failures(found)
    body: JsonObject = {"status": "ok" if is_ok else "failing"}
    if is_trusted:
        body["checks"] = [
            {"name": check.name, "ok": check.is_ok, "reason": check.reason} for check in found
        ]
    return is_ok, body


def state_document(vitals: Vitals, places: Mapping[str, JsonObject]) -> JsonObject:
    """Everything that the page shows beside pictures. `places` has zones and lines by source."""
    return {
        "device": {
            "site": vitals.site,
            "name": vitals.device,
            "version": vitals.version,
            "boot": vitals.boot,
            "uptime_s": round(vitals.uptime_s, 1),
            "last_run": _last_run(vitals.last_run),
        },
        "is_live": not failures(liveness(vitals)),
        "problems": [
            {"name": check.name, "reason": check.reason} for check in failures(readiness(vitals))
        ]
        + [{"name": name, "reason": reason} for name, reason in vitals.troubles.items()],
        "model": asdict(vitals.model),
        "sources": [
            _source(source, places.get(source.status.source_id, {})) for source in vitals.sources
        ],
        "stages": {
            name: {"p50_ms": round(stage.p50_ms, 2), "p99_ms": round(stage.p99_ms, 2)}
            for name, stage in vitals.stages.items()
        },
        "frames": vitals.frames,
        "batches": vitals.batches,
        "broker": None if vitals.broker is None else asdict(vitals.broker),
        "parts": {name: dict(figures) for name, figures in vitals.extra.items()},
    }


def history_document(points: Iterable[Point], sources: Iterable[str]) -> JsonObject:
    """The curves: rows of time, frames in, results, p50, p99, pending, and results by source."""
    return {
        "interval_s": INTERVAL_S,
        "sources": list(sources),
        "columns": ["time_s", "fps_in", "fps", "p50_ms", "p99_ms", "pending", "source_fps"],
        "points": [
            [p.time_s, p.fps_in, p.fps, p.p50_ms, p.p99_ms, p.pending, list(p.source_fps)]
            for p in points
        ],
    }


def _source(source: SourceVitals, places: JsonObject) -> JsonObject:
    status = source.status
    return {
        "id": status.source_id,
        "state": status.state.value,
        "since": utc_text(status.since),
        "last_frame": utc_text(status.last_frame) if status.last_frame else None,
        "reason": status.reason,
        "decoder": status.decoder,
        "fps_in": status.fps_in,
        "fps": source.fps,
        "p50_ms": round(source.p50_ms, 1),
        "p99_ms": round(source.p99_ms, 1),
        "decoded": source.decoded,
        "detected": source.detected,
        "dropped": status.dropped,
        "reconnects": status.reconnects,
        "objects": source.objects,
        "objects_total": source.objects_total,
        "zones": [],
        "lines": [],
        **places,
    }


def _last_run(last: LastRun) -> JsonObject:
    ended = utc_text(last.ended) if last.ended else None
    return {"end": last.end.value, "detail": last.detail, "ended": ended}
