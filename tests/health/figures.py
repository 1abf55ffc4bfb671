"""Vitals as tests need them."""

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from edgedet.event import LastRun, RunEnd, SourceState, SourceStatus
from edgedet.health.base import (
    BrokerVitals,
    ModelVitals,
    Sign,
    SourceVitals,
    StageVitals,
    Vitals,
)

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=timezone.utc)
BOUNDS_S = (0.01, 0.1, 1.0)


def a_source(
    name: str = "gate",
    state: SourceState = SourceState.LIVE,
    **changes: Any,  # noqa: ANN401 - any field
) -> SourceVitals:
    """A live source that was read and detected."""
    source = SourceVitals(
        status=SourceStatus(
            name,
            state,
            NOON,
            fps_in=25.0,
            fps_inferred=14.8,
            dropped=7,
            reconnects=1,
            quarantined=5,
            abandoned=2,
        ),
        decoded=1000,
        detected=600,
        fps=14.8,
        p50_ms=20.0,
        p99_ms=42.0,
        objects=3,
        objects_total=900,
    )
    return replace(source, **changes)


def a_stage(counts: tuple[int, ...] = (0, 600, 0, 0)) -> StageVitals:
    """Durations in three buckets and above."""
    return StageVitals(20.0, 42.0, BOUNDS_S, counts, 12.5)


def the_vitals(*sources: SourceVitals, **changes: Any) -> Vitals:  # noqa: ANN401 - any field
    """A device that works, with one source unless told otherwise."""
    vitals = Vitals(
        site="lab",
        device="bench-01",
        version="0.1.0",
        boot="6f1c2a90",
        uptime_s=100.0,
        frames=600,
        batches=300,
        infer_s=9.0,
        unpaintable=0,
        capacity_fps=20.0,
        demand_fps=52.0,
        sources=sources or (a_source(),),
        stages={name: a_stage() for name in ("wait", "queue", "paint", "infer", "post", "total")},
        model=ModelVitals(
            "person", "1", "9b1d3f0c77aa", "int8", (384, 384), ("person",), 0.25, "openvino"
        ),
        broker=BrokerVitals(
            url="mqtt://10.0.0.1:1883",
            state="connected",
            is_connected=True,
            reason="",
            protocol="5.0",
            reconnects=0,
            pending=2,
            published=590,
            dropped=1,
            truncated=0,
            certificate_ends_s=1_800_000_000.0,
        ),
        last_run=LastRun(RunEnd.STOPPED),
        signs=(Sign("infer", 0.1, 60.0), Sign("source-gate", 0.1, 180.0, is_vital=False)),
    )
    return replace(vitals, **changes)


def loading(vitals: Vitals) -> Vitals:
    """The same before its model is loaded."""
    return replace(vitals, model=replace(vitals.model, backend=""))
