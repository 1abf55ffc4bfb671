"""What is found in a message: against its schema, its topic, its time and those before it."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedet.commands.sub.inspector import Inspection, Inspector
from edgedet.commands.sub.show import figures_of, json_of, line_of
from edgedet.publish import schemas
from edgedet.publish.broker import Incoming

PREFIX = "edgedet/v1/lab/bench-01"
DETECTIONS = f"{PREFIX}/src/gate/detections"
NOW = datetime(2026, 5, 4, 12, 0, 1, tzinfo=timezone.utc)


def _body(name: str = "detections", case: str = "objects", **changes: object) -> dict[str, Any]:
    return {**json.loads(schemas.examples(name)[case]), **changes}


def _look(
    inspector: Inspector,
    body: object,
    topic: str = DETECTIONS,
    *,
    after_s: float = 0.0,
    retain: bool = False,
) -> Inspection:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return inspector.look(Incoming(topic, payload, retain), NOW + timedelta(seconds=after_s))


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        (DETECTIONS, "detections"),
        (f"{PREFIX}/src/gate/events", "events"),
        (f"{PREFIX}/src/gate/counts", "counts"),
        (f"{PREFIX}/src/gate/status", "source_status"),
        (f"{PREFIX}/status", "status"),
        (f"{PREFIX}/info", "info"),
        (f"{PREFIX}/metrics", "metrics"),
        (f"{PREFIX}/cmd/pause", "command"),
        (f"{PREFIX}/reply/pause", "reply"),
    ],
)
def test_every_example_is_valid_on_its_topic(topic: str, name: str) -> None:
    inspector = Inspector()
    for text in schemas.examples(name).values():
        inspection = _look(inspector, text.encode(), topic)
        assert inspection.problems == ()

    assert inspector.tally.invalid == 0


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"no json", "no JSON: Expecting value"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no JSON object"),
        (_body(seq=-1), "seq: -1 is less than the minimum of 0"),
        (_body(schema="edgedet.detections/2"), "schema is 'edgedet.detections/2', and should be"),
        (_body(device="bench-02"), "device is 'bench-02', but the topic says 'bench-01'"),
        (_body(source="dock"), "source is 'dock', but the topic says 'gate'"),
        (_body(replayed=True), "live with replayed: true"),
        (_body("status", "online"), "should be 'edgedet.detections/1' on this topic"),
        ({}, "schema is None, and should be"),
    ],
)
def test_what_is_wrong_is_told_and_counted(body: object, told: str) -> None:
    inspector = Inspector()

    inspection = _look(inspector, body)

    assert any(told in problem for problem in inspection.problems), inspection.problems
    assert inspector.tally.invalid == 1


def test_time_that_no_calendar_has_is_found() -> None:
    body = _body("source_status", "live", expires_at="2026-99-99T99:99:99.000Z")

    problems = _look(Inspector(), body, f"{PREFIX}/src/gate/status").problems

    assert "expires_at" in problems[0]


def test_many_mistakes_are_told_in_few_lines() -> None:
    problems = _look(Inspector(), {"schema": "edgedet.detections/1"}).problems

    assert len(problems) == 4
    assert problems[-1].endswith("more")


def test_gap_is_told_with_what_the_device_says_of_it() -> None:
    inspector = Inspector()
    _look(inspector, _body(seq=1))

    inspection = _look(inspector, _body(seq=6, lost_before=2))

    assert inspection.notes == (
        "4 missing before this one, 2 of them given up by the device (lost_before)",
    )
    assert _look(inspector, _body(seq=6)).notes == ("seq 6 came before",)
    assert (inspector.sequences.missing, inspector.sequences.discarded) == (2, 2)


def test_backlog_fills_the_gap_and_may_be_old() -> None:
    inspector = Inspector()
    events = f"{PREFIX}/src/gate/events"
    for seq in (1, 3):
        _look(inspector, _body("events", "zone-leave", seq=seq), events)
    assert inspector.sequences.missing == 1

    old = _body("events", "zone-leave", seq=2, replayed=True)
    inspection = _look(inspector, old, f"{PREFIX}/backlog/gate/events", after_s=9000)

    assert (inspection.problems, inspection.notes) == ((), ())
    assert inspector.sequences.missing == 0


def test_live_message_that_is_old_is_late() -> None:
    inspector = Inspector()

    assert "late: told 61 s ago" in _look(inspector, _body(), after_s=60).notes[0]
    unsynced = _body(seq=9121)
    unsynced["time"]["clock"] = "unsynced"
    assert _look(inspector, unsynced, after_s=60).notes == ()
    assert inspector.tally.late == 1


def test_state_that_expired_is_unknown() -> None:
    inspector = Inspector()
    topic = f"{PREFIX}/src/gate/status"
    _look(inspector, _body("source_status", "live"), topic)
    assert inspector.presence.states(NOW) == {f"{PREFIX}/src/gate": "live"}

    inspection = _look(inspector, _body("source_status", "live"), topic, after_s=200, retain=True)

    assert "expired 111 s ago: unknown" in inspection.notes[0]
    later = NOW + timedelta(seconds=200)
    assert inspector.presence.states(later) == {f"{PREFIX}/src/gate": "unknown"}


def test_detections_without_a_status_leave_their_source_unknown() -> None:
    inspector = Inspector()
    _look(inspector, _body())

    assert set(inspector.presence.states(NOW).values()) == {"unknown"}
    assert len(inspector.presence.states(NOW)) == 2


def test_new_run_of_the_service_is_told() -> None:
    inspector = Inspector()
    _look(inspector, _body(seq=7))

    inspection = _look(inspector, _body(seq=0, boot="00000000"))

    assert inspection.notes == ("the service was started anew (boot 00000000, was 6f1c2a90)",)
    assert inspector.sequences.missing == 0


def test_empty_retained_payload_takes_a_state_back() -> None:
    inspector = Inspector()
    topic = f"{PREFIX}/src/gate/status"
    _look(inspector, _body("source_status", "live"), topic)

    inspection = _look(inspector, b"", topic)

    assert inspection.problems == ()
    assert inspector.presence.states(NOW) == {}


def test_snapshot_is_a_jpeg() -> None:
    topic = f"{PREFIX}/src/gate/snapshot"

    assert _look(Inspector(), b"\xff\xd8\xff", topic).problems == ()
    assert _look(Inspector(), b"GIF89a", topic).problems == ("no JPEG",)


def test_other_topics_are_counted_and_left_alone() -> None:
    inspector = Inspector()

    inspection = _look(inspector, b"online", "homeassistant/status")

    assert (inspection.address, inspection.problems) == (None, ())
    assert inspector.tally.messages == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(name=st.sampled_from(schemas.NAMES), data=st.data())
@settings(deadline=None, max_examples=20)
def test_no_message_whatever_stops_it(name: str, data: st.DataObject) -> None:
    topics = {
        "source_status": "src/gate/status",
        "command": "cmd/pause",
        "reply": "reply/pause",
        **{kind: f"src/gate/{kind}" for kind in ("detections", "events", "counts")},
    }
    topic = f"{PREFIX}/{topics.get(name, name)}"
    cases = schemas.examples(name)
    body = json.loads(cases[data.draw(st.sampled_from(sorted(cases)))])
    for key in data.draw(st.sets(st.sampled_from(sorted(body)), max_size=2)):
        part = body[key]
        if isinstance(part, dict) and part and data.draw(st.booleans()):
            part[data.draw(st.sampled_from(sorted(part)))] = data.draw(JSON)
        else:
            body[key] = data.draw(JSON)
    inspector = Inspector()

    for payload in (json.dumps(body).encode(), data.draw(st.binary(max_size=50))):
        inspection = _look(inspector, payload, topic)
        line_of(inspection, NOW)
        json_of(inspection)

    figures_of(inspector, NOW)


def test_integers_may_be_written_as_floats() -> None:
    inspector = Inspector()
    _look(inspector, _body(seq=7.0))

    assert _look(inspector, _body(seq=9.0)).notes[0].startswith("1 missing")
    assert _look(inspector, _body(seq=1e300)).problems != ()
