"""One of each message that the runtime can emit, made by the code that makes them.

`python -m tests.publish.golden_messages` writes them to `golden/`, for a change that is meant.
"""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from edgedet.analytics import EndReason, EventType, ObjectEvent, SeenObject, SourceCounts
from edgedet.config.mqtt import MqttSettings
from edgedet.detections import Detections, FrameDetections
from edgedet.event import LastRun, RunEnd, SourceLimit, SourceState, SourceStatus
from edgedet.frame import CaptureSource, CaptureTime, FrameInfo
from edgedet.model_identity import ModelIdentity
from edgedet.publish.broker import Incoming
from edgedet.publish.commands.replies import Replies
from edgedet.publish.event_payloads import EventPayloads
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import DetectionsEncoder, JsonObject, Moment, encode_json
from edgedet.publish.state_payloads import Limits, StatePayloads
from edgedet.publish.topics import Topics
from edgedet.rollout.record import Handled, Record, State
from edgedet.rollout.report import rollout_document
from edgedet.rollout.wish import Asker, Wish
from tests.publish.conftest import NOON
from tests.stream.fakes import FakeClock

FOLDER = Path(__file__).with_name("golden")

_MODEL = ModelIdentity("person", "1", "9b1d3f0c77aa" + "0" * 52, "int8", ("person", "car"))
_TOLD = NOON + timedelta(milliseconds=75)
_LAST_RUN = LastRun(RunEnd.STALLED, "stage infer: no sign of life for 31 s", "5e0b1f77", NOON)
ORIGIN = Origin("lab", "bench-01", "6f1c2a90", _MODEL, _LAST_RUN)
_ROLLOUT = Record(
    state=State.ROLLED_BACK,
    since=NOON,
    wish=Wish(asker=Asker.DESIRED, url="https://models.example.com/8.zip", key="k"),
    before="person-7-4b7b087744ce",
    to="person-8-c7d0b0a5e0c4",
    serving="person-7-4b7b087744ce",
    reason="it takes 61.0 ms for a picture, 1.97 times as long as the model before; at most 1.5"
    " times is allowed (rollout.band.max_latency)",
    figures={"shadow_frames": 240, "agreement": 0.9412, "picture_ms": 38.1, "watch_frames": 4100},
    desired=Handled(key="k", id="person-8-wave-1", seen=NOON, outcome="failed", reason="see there"),
)
TOPICS = Topics("edgedet/v1", "lab", "bench-01")


def golden_messages() -> dict[str, bytes]:
    """Payloads by file name, `<schema>.1/<case>.json`."""
    return {**_detections(), **_events(), **_states(), **_replies()}


def _detections() -> dict[str, bytes]:
    encoder = DetectionsEncoder(ORIGIN, max_payload_bytes=100_000)
    moment = Moment(_TOLD, latency_ms=71.64, clock="synced")
    boxes = np.array([[792, 358, 906, 707], [-3, -1, 1925, 1080.5]], np.float32)
    scores, class_ids = np.array([0.874, 0.3125], np.float32), np.array([0, 1], np.int32)
    objects = Detections(boxes, scores, class_ids)
    nothing = Detections(boxes[:0], scores[:0], class_ids[:0])
    measured = CaptureTime(NOON, CaptureSource.RTCP_NTP, error_ms=12.0)
    arrival = CaptureTime(NOON, CaptureSource.ARRIVAL)

    def encode(found: Detections, capture: CaptureTime, pts_ns: int | None, lost: int) -> bytes:
        frame = FrameInfo("gate", 48213, 1920, 1080, pts_ns, capture, arrival_s=0.0)
        result = FrameDetections(frame, found)
        encoded = encoder.encode(result, seq=9120, moment=moment, skipped=1, lost_before=lost)
        return encoded.payload

    return {
        "detections.1/objects.json": encode(objects, measured, 1_607_100_000_000, lost=2),
        "detections.1/nothing.json": encode(nothing, arrival, None, lost=0),
    }


def _event(kind: EventType, place: str, reason: EndReason | None, direction: str = "") -> bytes:
    seen = SeenObject("6f1c-184", 0, 0.87412, (0.4123456, 0.3312, 0.4721, 0.654))
    event = ObjectEvent(
        source_id="gate",
        event_id=f"6f1c-184/{place}/1" if place else "6f1c-184",
        type=kind,
        frame_seq=48213,
        start=NOON - timedelta(seconds=30),
        at=NOON,
        duration_s=30.0,
        seen=seen,
        place=place,
        direction=direction,
        reason=reason,
    )
    body = EventPayloads(ORIGIN).event(event, seq=17, published=_TOLD, clock="synced")
    return encode_json(body)


def _events() -> dict[str, bytes]:
    counts = SourceCounts(
        source_id="gate",
        frame_seq=48213,
        at=NOON,
        observed_s=0.0,
        classes={0: 3},
        zones={"dock": {0: 1}},
        crossings={"kerb": {"in": 12, "out": 9}},
    )
    expires = _TOLD + timedelta(seconds=90)
    told = EventPayloads(ORIGIN).counts(counts, beat=40, published=_TOLD, expires_at=expires)
    return {
        "events.1/track-start.json": _event(EventType.START, "", None),
        "events.1/zone-leave.json": _event(EventType.LEAVE, "dock", EndReason.LEFT),
        "events.1/line-cross.json": _event(EventType.CROSS, "kerb", None, "in"),
        "counts.1/counts.json": encode_json(told),
    }


def _states() -> dict[str, bytes]:
    states = StatePayloads(ORIGIN, Limits.of_settings(MqttSettings(), 1000.0))
    live = SourceStatus("gate", SourceState.LIVE, NOON, NOON, 25.0, 14.8, 7, decoder="avdec_h264")
    stalled = SourceStatus("gate", SourceState.STALLED, NOON, reason="no frame for 12.0 s")
    limit = SourceLimit(7.256, "the detector answers 20.0 images/s, cameras ask for 52.0")
    limited = replace(live, limit=limit)
    figures: JsonObject = {
        "uptime_s": 300.0,
        "clock": "synced",
        "mqtt": {"protocol": "5.0", "reconnects": 0, "pending": 0, "posts_dropped": 0},
        "spool": {
            "durable": True,
            "reason": "",
            "kept": 0,
            "used_bytes": 12288,
            "replayed": 0,
            "dropped": {"events": 0},
        },
        "sources": [{"source": "gate", "published": 4421, "dropped": 0, "truncated": 0}],
        "detector": {"capacity_fps": 20.0, "demand_fps": 52.0, "backend": "openvino"},
        "commands": {"ok": 2, "error": 1, "duplicate": 0, "ignored": 0},
    }
    taken = {"enabled": True, "allow": ["pause", "resume", "snapshot"]}
    limits = Limits.of_settings(MqttSettings.model_validate({"commands": taken}))
    commanded = StatePayloads(ORIGIN, limits)
    rollout = rollout_document(_ROLLOUT)
    info = states.info(_TOLD, "0.1.0", TOPICS.prefix, ["gate"], number=2)
    bodies = {
        "info.1/rollout.json": {**info, "rollout": rollout},
        "info.1/commands.json": commanded.info(_TOLD, "0.1.0", TOPICS.prefix, ["gate"], number=1)
        | {"overrides": {"paused": ["gate"], "score_threshold": 0.5, "iou_threshold": None}},
        "status.1/online.json": states.online(_TOLD, NOON, session=1, beat=1),
        "status.1/offline.json": states.offline(session=1),
        "status.1/stopped.json": states.stopped(_TOLD, session=1, beat=77),
        "source_status.1/live.json": states.source_status(live, _TOLD, beat=3),
        "source_status.1/limited.json": states.source_status(limited, _TOLD, beat=5),
        "source_status.1/stalled.json": states.source_status(stalled, _TOLD, beat=4),
        "info.1/info.json": states.info(_TOLD, "0.1.0", TOPICS.prefix, ["gate"], number=1),
        "metrics.1/metrics.json": states.metrics(_TOLD, beat=34, figures=figures),
    }
    return {name: encode_json(body) for name, body in bodies.items()}


def _replies() -> dict[str, bytes]:
    replies = Replies(ORIGIN, TOPICS, FakeClock())
    snapshot, pause = (Incoming(TOPICS.command(name), b"") for name in ("snapshot", "pause"))
    result: JsonObject = {
        "id": "bench-01/6f1c2a90/gate/48213",
        "topic": TOPICS.snapshot("gate"),
        "capture": "2026-05-04T12:00:00.418Z",
        "width": 1920,
        "height": 1080,
        "size_bytes": 96211,
        "objects": 1,
    }
    reason = "there is no source 'dock'; expected one of gate"
    begun = "'pause' was given with this id before, and answered with ok"
    outcome: JsonObject = {"outcome": "ok"}
    made = {
        "reply.1/ok.json": replies.make(snapshot, "5b1c94a2", "ok", result=result),
        "reply.1/error.json": replies.make(pause, "77aa01f3", "error", reason=reason),
        "reply.1/duplicate.json": replies.make(
            pause, "0c8f2f1f", "duplicate", reason=begun, result=outcome
        ),
    }
    return {name: message.payload for name, message in made.items()}


def pretty(payload: bytes) -> str:
    """The same message, to be read by people."""
    return json.dumps(json.loads(payload), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, payload in golden_messages().items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(pretty(payload), encoding="utf-8")
