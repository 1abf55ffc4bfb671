"""Playing a scenario: what passes, what fails, and what is said of it."""

import json
from pathlib import Path
from typing import Any

from edgedet.sim.play.player import Player
from edgedet.sim.play.report import Outcome, Report
from edgedet.sim.scenario.schema import Head, Scenario
from edgedet.sim.scenario.steps import STEPS

ONLINE = {"message": {"topic": "status", "where": {"state": "online"}}}
PATTERN = "test://ball?width=96&height=64&fps=10"


def _player(folder: Path, *steps: dict[str, Any], **head: object) -> Player:
    least = {
        "name": "a", "about": "b", "timeline": list(steps), "broker": "peer",
        "config": {"sources": [{"id": "made", "uri": PATTERN}], "mqtt": {"detections_qos": 1}},
    }  # fmt: skip
    found = [next((k, s) for k in STEPS if k in s) for s in steps]
    models = tuple(STEPS[key].model_validate(step) for key, step in found)
    return Player(Scenario(Head.model_validate({**least, **head}), models), folder)


def _failures(report: Report) -> list[str]:
    return [entry.text for entry in report.entries if entry.outcome is Outcome.FAILED]


def test_a_run_with_every_kind_of_check(tmp_path: Path) -> None:
    player = _player(
        tmp_path,
        {"expect": ONLINE, "within_s": 40, "mark": "there"},
        {"expect": {"message": {"topic": "src/made/detections", "count": 3}}, "within_s": 40},
        {"rate": {"topic": "src/made/detections", "over_s": 1, "per_s": "> 0", "save_as": "b"}},
        {"rate": {"topic": "src/made/detections", "over_s": 1, "of": "b", "ratio": "> 0.1"}},
        {"peer": {"do": "slow_acks", "by_s": 0.1}, "note": "slowly"},
        {"pause_s": 0.2},
        {"never": {"log": "Traceback"}, "for_s": 0.2},
        {"expect": {**ONLINE, "message": {**ONLINE["message"], "since": "start"}}},
    )
    report = player.play()

    assert _failures(report) == []
    texts = [entry.text for entry in report.entries]
    assert "peer: slow_acks by_s=0.1  (slowly)" in texts
    assert any(text.startswith("runtime ends with 0") for text in texts)
    player.write_messages(tmp_path / "m.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert {"at_s", "topic", "payload", "qos", "retain", "will"} == set(lines[0])
    assert all(line["at_s"] > 0 for line in lines)


def test_steps_are_repeated_and_each_round_has_its_number(tmp_path: Path) -> None:
    command = {
        "topic": "cmd/rebirth",
        "payload": {"schema": "edgedet.command/1", "id": "r-${round}"},
    }
    answered = {"topic": "reply/rebirth", "where": {"id": "r-${round}", "status": "ok"}}
    report = _player(
        tmp_path,
        {"expect": ONLINE, "within_s": 40},
        {"repeat": {"times": 3, "every_s": 0.5, "steps": [
            {"publish": command, "mark": "asked"}, {"expect": {"message": answered}},
        ]}, "note": "again"},
        {"expect": {"message": {**answered, "where": {"id": "r-3"}, "since": "asked"}}},
        config={
            "sources": [{"id": "made", "uri": PATTERN}],
            "mqtt": {"commands": {"enabled": True, "allow": ["rebirth"]}},
        },
        always={"accounted": False},
    ).play()  # fmt: skip

    assert _failures(report) == []
    rounds = [entry for entry in report.entries if entry.text.startswith("round")]
    assert [entry.text for entry in rounds] == [f"round {n} of 3  (again)" for n in (1, 2, 3)]
    assert rounds[2].at_s - rounds[0].at_s >= 0.99


def test_a_round_that_fails_is_the_last(tmp_path: Path) -> None:
    never = {"repeat": {"times": 5, "steps": [{"never": {"process": {"alive": True}}}]}}
    online = {"expect": ONLINE, "within_s": 40}
    report = _player(tmp_path, online, never, {"pause_s": 60}).play()

    assert len(_failures(report)) == 1
    assert [e.text for e in report.entries if e.text.startswith("round")] == ["round 1 of 5"]
    assert any(e.text == "the 1 steps that follow" for e in report.entries)


def test_rounds_end_with_the_time_of_the_scenario(tmp_path: Path) -> None:
    report = _player(
        tmp_path,
        {"repeat": {"times": 10_000, "every_s": 0.3, "steps": [{"pause_s": 0.1}]}},
        time_limit_s=1,
    ).play()

    # the runtime may be told to end before it listens to that, which fails too
    assert "is not begun: 1 s are over" in _failures(report)[0]


def test_a_configuration_that_is_changed_holds_after_a_reload(tmp_path: Path) -> None:
    live = {"expect": {"sources": {"made": "live", "more": "live"}}, "within_s": 40}
    report = _player(
        tmp_path,
        {"expect": {"sources": {"made": "live", "more": "-"}}, "within_s": 40},
        {"config": {"sources": [{"id": "more", "uri": PATTERN}]}},
        {"runtime": "reload"},
        live,
        {"config": "sources: ["},
        {"runtime": "reload"},
        {"expect": {"log": "going on as before"}},
        {"config": {}, "without": ["sources.more"]},
        {"runtime": "reload"},
        {"expect": {"sources": {"made": "live", "more": "-"}}},
        always={"accounted": False},
    ).play()

    assert _failures(report) == []
    texts = [entry.text for entry in report.entries]
    assert "configuration: sources.more" in texts
    assert "runtime: reload, applied: sources.more (new)" in texts
    assert any(text.startswith("runtime: reload, refused: ") for text in texts)
    assert "runtime: reload, applied: sources.more (removed)" in texts


def test_a_runtime_that_is_killed_first_was_started_before(tmp_path: Path) -> None:
    report = _player(
        tmp_path, {"runtime": "kill"}, {"runtime": "start"}, always={"stops": False}
    ).play()

    assert _failures(report) == []
    starts = [entry for entry in report.entries if entry.text.startswith("runtime: start")]
    assert len(starts) == 2


def test_what_does_not_come_in_time_fails_and_ends_the_timeline(tmp_path: Path) -> None:
    report = _player(
        tmp_path,
        {"expect": ONLINE, "within_s": 40},
        {"expect": {"peer": {"connects": ">= 99"}}, "within_s": 0.2},
        {"pause_s": 60},
    ).play()

    assert _failures(report) == ["peer connects=>= 99: not within 0.2 s"]
    failed = next(e for e in report.entries if e.outcome is Outcome.FAILED)
    assert failed.details == ("connects is 1, not '>= 99'",)
    assert any(e.text == "the 1 steps that follow" for e in report.entries)
    assert any(e.details and "connected to" in " ".join(e.details) for e in report.entries)


def test_what_must_never_be_and_a_rate_that_is_not_met_fail(tmp_path: Path) -> None:
    never = _player(tmp_path, {"never": ONLINE, "for_s": 40}).play()
    assert _failures(never)[0].startswith("never message status state=online: it was so after")
    (tmp_path / "r").mkdir()
    rate = {"topic": "src/made/detections", "over_s": 0.2, "per_s": ">= 1000"}
    assert "messages/s" in _failures(_player(tmp_path / "r", {"rate": rate}).play())[0]


def test_a_runtime_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    config = {"sources": [{"id": "made", "uri": f"{PATTERN}&frames=3", "realtime": False}]}
    report = _player(
        tmp_path,
        {"expect": {"log": "will never be said"}, "within_s": 60},
        config=config,
    ).play()
    assert _failures(report)[0] == "log /will never be said/: the runtime has ended with 0"


def test_an_expected_end_is_no_fault(tmp_path: Path) -> None:
    config = {"sources": [{"id": "made", "uri": f"{PATTERN}&frames=3", "realtime": False}]}
    step = {"expect": {"process": {"exit_code": 0}}, "within_s": 60}
    report = _player(tmp_path, step, config=config).play()
    assert report.has_passed


def test_the_scenario_has_a_limit_of_its_own(tmp_path: Path) -> None:
    report = _player(
        tmp_path, {"runtime": "start"}, {"runtime": "kill"}, {"pause_s": 60}, time_limit_s=0.1
    ).play()
    assert report.duration_s < 30


def test_deeds_that_cannot_be_done_fail(tmp_path: Path) -> None:
    report = _player(tmp_path, {"runtime": "start"}, {"runtime": "start"}).play()
    assert "runs already" in _failures(report)[0]
