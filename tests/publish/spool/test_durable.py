"""Messages as they are kept, and as they leave."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.publish.identity import Origin
from edgedet.publish.kind import Kind
from edgedet.publish.spool.durable import Draft, DurableEncoder, Stored, finish
from tests.publish.conftest import CLOCK, MODEL, make_event, make_result
from tests.publish.test_state_payloads import LIMITS

ORIGIN = Origin("lab", "bench-01", "6f1c2a90", MODEL)


def _stored(count: int = 5, *, max_bytes: int = 100_000) -> Stored:
    draft = Draft(Kind.DETECTIONS, "gate", make_result(7, count), 3, 1, CLOCK.monotonic())
    limits = replace(LIMITS, max_payload_bytes=max_bytes)
    return DurableEncoder(ORIGIN, limits, CLOCK).encode(draft, 11)


def test_a_result_is_kept_with_its_number_and_its_id() -> None:
    stored = _stored()

    body = json.loads(stored.payload)
    assert (stored.id, stored.boot, stored.topic) == (11, "6f1c2a90", (Kind.DETECTIONS, "gate"))
    assert (body["seq"], body["frame"]["skipped"]) == (3, 1)
    assert body["id"] == stored.message_id == "bench-01/6f1c2a90/gate/7"


def test_an_event_is_kept_with_its_number_and_its_id() -> None:
    draft = Draft(Kind.EVENTS, "gate", make_event(), 4, 0, CLOCK.monotonic())
    stored = DurableEncoder(ORIGIN, LIMITS, CLOCK).encode(draft, 12)

    assert (
        json.loads(stored.payload)["id"] == stored.message_id == "bench-01/6f1c2a90/gate/events/4"
    )
    assert stored.schema == "edgedet.events/1"


@pytest.mark.parametrize(
    ("lost_before", "is_replayed"), [(0, False), (3, False), (0, True), (2, True)]
)
def test_what_is_known_late_is_added(lost_before: int, *, is_replayed: bool) -> None:
    stored = _stored()
    stored.lost_before, stored.is_replayed = lost_before, is_replayed

    body = json.loads(finish(stored, 100_000))

    assert body.pop("lost_before", 0) == lost_before
    assert body.pop("replayed", False) is is_replayed
    assert body == json.loads(stored.payload)


@given(st.integers(0, 60), st.integers(700, 9000), st.booleans())
def test_a_smaller_broker_gets_the_best_objects(count: int, limit: int, is_replayed: bool) -> None:
    stored = _stored(count)
    stored.is_replayed, stored.lost_before = is_replayed, 12

    payload = finish(stored, limit)

    before, after = json.loads(stored.payload), json.loads(payload)
    kept = len(after["objects"])
    assert len(payload) <= limit
    assert after["objects"] == before["objects"][:kept]
    assert after.get("truncated", 0) == count - kept
    assert kept == count or len(payload) > limit - 200  # as many as fit


def test_what_was_left_out_before_is_counted_on() -> None:
    stored = _stored(50, max_bytes=3000)
    stored.is_replayed = True
    assert stored.truncated > 0

    body = json.loads(finish(stored, 1500))

    assert body["truncated"] == 50 - len(body["objects"]) > stored.truncated


def test_an_event_cannot_be_made_smaller() -> None:
    draft = Draft(Kind.EVENTS, "gate", make_event(), 4, 0, CLOCK.monotonic())
    stored = DurableEncoder(ORIGIN, LIMITS, CLOCK).encode(draft, 12)

    assert finish(stored, 10) == stored.payload
