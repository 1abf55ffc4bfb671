"""Lines for people and for programs; nothing that comes in can steer the terminal."""

import json
from datetime import datetime, timezone

import pytest

from edgedet.commands.sub.inspector import Inspection, Inspector
from edgedet.commands.sub.show import figures_of, json_line, json_of, line_of, lost_line, summary_of
from edgedet.publish import schemas
from edgedet.publish.broker import Incoming

NOW = datetime(2026, 5, 4, 12, 0, 1, 133_000, tzinfo=timezone.utc)
PREFIX = "edgedet/v1/lab/bench-01"


def _inspect(topic: str, payload: bytes) -> Inspection:
    return Inspector().look(Incoming(f"{PREFIX}/{topic}", payload), NOW)


@pytest.mark.parametrize(
    ("topic", "name", "case", "line"),
    [
        (
            "src/gate/detections",
            "detections",
            "objects",
            "bench-01/gate detections seq 9120: person 0.87, car 0.31, 72 ms, 1 skipped",
        ),
        ("src/gate/detections", "detections", "nothing", "seq 9120: nothing, 72 ms, 1 skipped"),
        (
            "src/gate/events",
            "events",
            "line-cross",
            "events seq 17: line kerb in cross: person #6f1c-184 after 30.0 s",
        ),
        ("src/gate/events", "events", "zone-leave", "zone dock leave: person #6f1c-184 after"),
        ("src/gate/counts", "counts", "counts", "counts 3 person"),
        (
            "src/gate/status",
            "source_status",
            "stalled",
            "stalled: no frame for 12.0 s, 0.0 frames/s in, 0.0 detected, 0 dropped",
        ),
        ("status", "status", "offline", "bench-01 status offline: connection_lost, session 1"),
        ("info", "info", "info", "edgedet 0.1.0, person 1 int8, sources gate"),
        ("metrics", "metrics", "metrics", "up 300 s, 0 waiting, 0 dropped"),
        ("cmd/pause", "command", "pause", '{"source": "gate"}'),
        ("reply/pause", "reply", "error", "error: there is no source 'dock'"),
    ],
)
def test_line_says_what_matters(topic: str, name: str, case: str, line: str) -> None:
    inspection = _inspect(topic, schemas.examples(name)[case].encode())

    text = line_of(inspection, NOW).plain

    assert text.startswith("12:00:01.133 ")
    assert line in text


def test_problems_and_notes_have_lines_of_their_own() -> None:
    text = line_of(_inspect("status", b"{}"), NOW).plain

    assert "\n  invalid: schema is None" in text
    assert json.loads(json_of(_inspect("status", b"{}")))["valid"] is False


def test_terminal_cannot_be_steered() -> None:
    body = json.loads(schemas.examples("status")["offline"])
    body["reason"] = "\x1b[2Jgone\n12:00:00 forged"

    text = line_of(_inspect("status", json.dumps(body).encode()), NOW).plain

    assert "\x1b" not in text
    assert "\n" not in text
    assert "\x1b" not in line_of(_inspect("\x1b[2J/odd", b""), NOW).plain
    assert "\x1b" not in lost_line("\x1b[2J", "gone").plain


def test_figures_add_up_and_are_shown() -> None:
    inspector = Inspector()
    inspector.look(Incoming(f"{PREFIX}/status", b"{}"), NOW)
    example = schemas.examples("status")["stopped"].encode()
    inspector.look(Incoming(f"{PREFIX}/status", example), NOW)

    figures = figures_of(inspector, NOW)

    assert (figures["messages"], figures["invalid"]) == (2, 1)
    assert figures["states"] == {PREFIX: "stopped"}
    assert summary_of(figures).plain.splitlines() == [
        "2 messages, 1 invalid, 0 missing, 0 given up by devices, 0 repeated, 0 late",
        f"  {PREFIX}: stopped",
    ]
    assert json.loads(json_line(summary=figures))["summary"] == figures
