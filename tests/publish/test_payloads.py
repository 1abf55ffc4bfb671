"""The payload of detections: its fields, its limits, and its agreement with the schema."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from edgedet.model_identity import ModelIdentity
from edgedet.publish import schemas
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import DetectionsEncoder, Moment
from tests.publish.conftest import NOON, make_result

MOMENT = Moment(NOON + timedelta(milliseconds=75), latency_ms=71.64, clock="synced")

SCHEMA = Draft202012Validator(schemas.load("detections"))


@pytest.fixture
def encoder(origin: Origin) -> DetectionsEncoder:
    return DetectionsEncoder(origin, max_payload_bytes=100_000)


@pytest.mark.parametrize("count", [0, 1, 8, 300, 350])
def test_agrees_with_the_schema(encoder: DetectionsEncoder, count: int) -> None:
    body = _body(encoder, count)

    SCHEMA.validate(body)
    assert len(body["objects"]) == min(count, 300)
    assert body.get("truncated", 0) == max(0, count - 300)


def test_keeps_the_best_objects_within_the_limit(encoder: DetectionsEncoder) -> None:
    result = make_result(1, count=200)
    for limit in (700, 1000, 5000, 12_000):
        encoded = encoder.encode(result, seq=0, moment=MOMENT, skipped=0, max_payload_bytes=limit)
        body = json.loads(encoded.payload)
        kept = len(body["objects"])
        assert len(encoded.payload) <= limit
        assert body["truncated"] == encoded.truncated == 200 - kept
        expected = result.detections.scores[:kept].tolist()
        assert [o["score"] for o in body["objects"]] == pytest.approx(expected, abs=5e-5)
    assert kept > 80


def test_objects_that_are_followed_say_which_they_are(encoder: DetectionsEncoder) -> None:
    result = replace(make_result(1, count=2), tracks=("6f1c-184", None), zones=(("dock",), ()))

    body = json.loads(encoder.encode(result, seq=1, moment=MOMENT, skipped=0).payload)

    SCHEMA.validate(body)
    assert [each["track"] for each in body["objects"]] == ["6f1c-184", None]
    assert [each["zones"] for each in body["objects"]] == [["dock"], []]


def test_says_nothing_of_what_did_not_happen(encoder: DetectionsEncoder) -> None:
    assert not {"lost_before", "truncated", "replayed"} & _body(encoder, 1).keys()


def test_schema_takes_new_fields_and_refuses_local_times(encoder: DetectionsEncoder) -> None:
    body = _body(encoder, 1)
    SCHEMA.validate({**body, "weather": "rain"})

    body["time"]["capture"] = "2026-05-04T12:00:00.418"
    with pytest.raises(ValidationError):
        SCHEMA.validate(body)


def _body(encoder: DetectionsEncoder, count: int) -> dict[str, Any]:
    encoded = encoder.encode(make_result(3, count=count), seq=1, moment=MOMENT, skipped=0)
    body: dict[str, Any] = json.loads(encoded.payload)
    return body


def test_what_another_model_saw_is_told_by_its_names(encoder: DetectionsEncoder) -> None:
    other = ModelIdentity("animals", "2", "a" * 64, "int8", ("cat",))
    result = replace(make_result(0, 1), model=other)
    body = json.loads(encoder.encode(result, seq=0, moment=MOMENT, skipped=0).payload)
    SCHEMA.validate(body)
    assert body["model"] == {
        "name": "animals",
        "version": "2",
        "sha256": "a" * 12,
        "precision": "int8",
    }
    assert body["objects"][0]["label"] == "cat"
