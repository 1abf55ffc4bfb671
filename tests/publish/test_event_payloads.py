"""The payloads of events and counts: golden fields, and agreement with the schemas."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from edgedet.analytics import EndReason, EventType, ObjectEvent, SourceCounts
from edgedet.publish import schemas
from edgedet.publish.event_payloads import EventPayloads
from edgedet.publish.identity import Origin
from tests.publish.conftest import NOON, make_event

SCHEMA = Draft202012Validator(schemas.load("events"))
HEAD = {"device": "bench-01", "boot": "6f1c2a90", "source": "gate"}


def _body(origin: Origin, event: ObjectEvent, lost_before: int = 0) -> dict[str, Any]:
    body = EventPayloads(origin).event(
        event,
        seq=17,
        published=NOON + timedelta(seconds=4.1),
        clock="synced",
        lost_before=lost_before,
    )
    loaded: dict[str, Any] = json.loads(json.dumps(body))
    return loaded


def test_golden_leave(origin: Origin) -> None:
    assert _body(origin, make_event(EventType.LEAVE), lost_before=2) == HEAD | {
        "schema": "edgedet.events/1",
        "id": "bench-01/6f1c2a90/gate/events/17",
        "seq": 17,
        "event": "6f1c-184/dock/1",
        "kind": "zone",
        "type": "leave",
        "time": {
            "at": "2026-05-04T12:00:04.418Z",
            "start": "2026-05-04T12:00:00.418Z",
            "end": "2026-05-04T12:00:04.418Z",
            "duration_s": 4.0,
            "published": "2026-05-04T12:00:04.518Z",
            "clock": "synced",
        },
        "frame_seq": 48213,
        "object": {
            "class_id": 0,
            "label": "person",
            "score": 0.8741,
            "box": [0.41235, 0.3312, 0.4721, 0.654],
            "track": "6f1c-184",
        },
        "lost_before": 2,
        "zone": "dock",
        "reason": "left",
    }


@pytest.mark.parametrize("word", EventType)
def test_every_event_agrees_with_the_schema(origin: Origin, word: EventType) -> None:
    body = _body(origin, make_event(word))

    SCHEMA.validate(body)
    assert (body["time"]["end"] is not None) == word.is_last
    assert body["kind"] == word.kind.value


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_says_why(origin: Origin, reason: EndReason) -> None:
    body = _body(origin, make_event(EventType.END, reason))

    SCHEMA.validate(body)
    assert body["reason"] == reason.value
    del body["reason"]
    with pytest.raises(ValidationError):
        SCHEMA.validate(body)


@pytest.mark.parametrize(
    ("word", "change"),
    [
        (EventType.START, {"zone": "dock"}),
        (EventType.START, {"reason": "left"}),
        (EventType.ENTER, {"type": "cross"}),
        (EventType.CROSS, {"direction": None}),
        (EventType.ENTER, {"object": {"class_id": 0, "label": "person"}}),
    ],
)
def test_the_schema_refuses_what_makes_no_sense(
    origin: Origin, word: EventType, change: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        SCHEMA.validate(_body(origin, make_event(word)) | change)


def test_golden_counts(origin: Origin) -> None:
    counts = SourceCounts(
        source_id="gate",
        frame_seq=7,
        at=NOON,
        observed_s=0.0,
        classes={1: 1, 0: 3},
        zones={"dock": {0: 2}, "yard": {}},
        crossings={"door": {"in": 4, "out": 0}},
    )

    body = EventPayloads(origin).counts(
        counts, beat=5, published=NOON, expires_at=NOON + timedelta(seconds=90)
    )

    Draft202012Validator(schemas.load("counts")).validate(body)
    assert body == HEAD | {
        "schema": "edgedet.counts/1",
        "id": "bench-01/6f1c2a90/gate/counts/5",
        "published": "2026-05-04T12:00:00.418Z",
        "at": "2026-05-04T12:00:00.418Z",
        "frame_seq": 7,
        "classes": {"person": 3, "car": 1},
        "zones": {"dock": {"person": 2}, "yard": {}},
        "crossings": {"door": {"in": 4, "out": 0}},
        "expires_at": "2026-05-04T12:01:30.418Z",
    }


def test_what_another_model_saw_is_told_by_its_names_too(origin: Origin) -> None:
    event = replace(make_event(EventType.LEAVE), class_names=("cat", "dog"))
    assert _body(origin, event)["object"]["label"] == "cat"
