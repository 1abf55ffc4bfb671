"""What must hold in every scenario, on messages that were made up."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edgedet.sim.journal import Heard
from edgedet.sim.play.always import invalid, leaked, unaccounted
from edgedet.sim.play.look import Finding
from edgedet.sim.play.world import World
from edgedet.sim.process import Process
from edgedet.sim.scenario.schema import Head


def _heard(**body: object) -> Heard:
    payload = json.dumps({"schema": "edgedet.detections/1", **body}).encode()
    return Heard(topic="p/src/a/detections", payload=payload, qos=0, retain=False, at_s=0.0)


def _numbered(*numbers: tuple[int, int]) -> list[Heard]:
    return [_heard(source="a", boot="b", seq=seq, lost_before=lost) for seq, lost in numbers]


@pytest.mark.parametrize(
    ("numbers", "holds"),
    [
        (((0, 0), (1, 0), (2, 0)), True),
        (((0, 0), (3, 2), (4, 0)), True),
        (((0, 0), (2, 0)), False),
        (((1, 0), (2, 0)), False),
        (((0, 0), (1, 0), (1, 0)), True),
        (((0, 0), (1, 1)), True),
        ((), True),
    ],
    ids=["whole", "told", "gap", "no-first", "twice", "arrived-all-the-same", "nothing"],
)
def test_gaps_must_be_told(numbers: tuple[tuple[int, int], ...], holds: bool) -> None:
    assert unaccounted(_numbered(*numbers)).holds is holds


def test_sources_and_boots_are_counted_apart() -> None:
    heard = [*_numbered((0, 0), (2, 0)), _heard(source="a", boot="c", seq=1, lost_before=1)]
    assert unaccounted(heard).seen == ("source a, boot b: 1 missing, 0 told",)


def test_messages_that_are_not_as_their_schema_says_are_shown() -> None:
    pytest.importorskip("jsonschema")
    finding = invalid([_heard(source="a"), _heard(source="B!")])
    assert finding is not None
    assert not finding.holds
    assert "p/src/a/detections" in finding.seen[0]


def test_other_messages_are_nobody_s_business() -> None:
    pytest.importorskip("jsonschema")
    odd = Heard(topic="p/x", payload=b"\xff", qos=0, retain=False, at_s=0.0)
    assert invalid([odd, _heard(schema="other/1")]) == Finding(holds=True)


def test_secrets_are_found_wherever_they_are(tmp_path: Path) -> None:
    head = {
        "name": "a", "about": "b", "timeline": [1], "secrets": ["k3y-of-all"],
        "cameras": {"g": {"username": "u", "password": "hunter22"}, "h": {"password": "abc"}},
    }  # fmt: skip
    runtime = Process(["x"], tmp_path / "log")
    runtime.log.write_text("all abc\nlogin with hunter22\n", encoding="utf-8")
    world: Any = SimpleNamespace(head=Head.model_validate(head), runtime=runtime)

    finding = leaked([_heard(source="k3y-of-all")], cast("World", world))

    assert set(finding.seen) == {"log: login with hunter22", "message on p/src/a/detections"}
    assert leaked([], cast("World", world)).seen == ("log: login with hunter22",)
