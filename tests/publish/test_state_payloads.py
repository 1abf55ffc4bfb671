"""The payloads of states: golden fields, so that none changes unseen."""

from dataclasses import replace
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator

from edgedet.config.mqtt import MqttSettings
from edgedet.event import LastRun, RunEnd, SourceLimit
from edgedet.publish import schemas
from edgedet.publish.identity import Origin
from edgedet.publish.state_payloads import Limits, StatePayloads
from tests.publish.conftest import NOON, make_status

LIMITS = Limits(100_000, 0, 10.0, None, 30.0, 3600.0)
HEAD = {"device": "bench-01", "boot": "6f1c2a90", "published": "2026-05-04T12:00:00.418Z"}


def test_online_says_until_when_it_holds(origin: Origin) -> None:
    body = StatePayloads(origin, LIMITS).online(NOON, NOON - timedelta(seconds=5), 2, 7)

    assert body == HEAD | {
        "schema": "edgedet.status/1",
        "id": "bench-01/6f1c2a90/status/7",
        "state": "online",
        "session": 2,
        "since": "2026-05-04T11:59:55.418Z",
        "heartbeat_s": 30.0,
        "expires_at": "2026-05-04T12:01:30.418Z",
    }


def test_will_has_no_time(origin: Origin) -> None:
    body = StatePayloads(origin, LIMITS).offline(2)

    assert body == {
        "schema": "edgedet.status/1",
        "id": "bench-01/6f1c2a90/status/will-2",
        "device": "bench-01",
        "boot": "6f1c2a90",
        "state": "offline",
        "reason": "connection_lost",
        "session": 2,
    }


def test_source_status_has_every_field(origin: Origin) -> None:
    body = StatePayloads(origin, LIMITS).source_status(make_status(), NOON, 3)

    assert body == HEAD | {
        "schema": "edgedet.source_status/1",
        "id": "bench-01/6f1c2a90/gate/status/3",
        "source": "gate",
        "state": "live",
        "since": "2026-05-04T12:00:00.418Z",
        "last_frame": None,
        "fps_in": 25.0,
        "fps_inferred": 0.0,
        "dropped": 0,
        "reconnects": 0,
        "reason": "",
        "clock_offset_ms": None,
        "decoder": "",
        "quarantined": 0,
        "limits": None,
        "expires_at": "2026-05-04T12:01:30.418Z",
    }


def test_info_says_how_the_run_before_ended(origin: Origin) -> None:
    last = LastRun(RunEnd.STALLED, "stage infer", "0a1b2c3d", NOON)
    payloads = StatePayloads(replace(origin, last_run=last), LIMITS)

    body = payloads.info(NOON, "0.1.0", "edgedet/v1/lab/bench-01", ["gate"], 1)

    Draft202012Validator(schemas.load("info")).validate(body)
    assert body["last_run"] == {
        "end": "stalled",
        "detail": "stage infer",
        "boot": "0a1b2c3d",
        "ended": "2026-05-04T12:00:00.418Z",
    }


@pytest.mark.parametrize("end", RunEnd)
def test_the_schema_knows_every_end(origin: Origin, end: RunEnd) -> None:
    payloads = StatePayloads(replace(origin, last_run=LastRun(end)), LIMITS)

    body = payloads.info(NOON, "0.1.0", "edgedet/v1/lab/bench-01", ["gate"], 1)

    Draft202012Validator(schemas.load("info")).validate(body)


def test_source_status_says_what_the_detector_can_do(origin: Origin) -> None:
    limit = SourceLimit(7.256, "the detector answers 20.0 images/s, cameras ask for 52.0")
    status = replace(make_status(), limit=limit)

    body = StatePayloads(origin, LIMITS).source_status(status, NOON, 3)

    assert body["limits"] == {"fps": 7.26, "reason": limit.reason}


def test_durable_detections_are_acknowledged() -> None:
    plain, durable = (
        MqttSettings(),
        MqttSettings.model_validate({"spool": {"kinds": ["detections"]}}),
    )

    assert [Limits.of_settings(each).detections_qos for each in (plain, durable)] == [0, 1]
