"""Reports, for people and programs."""

import json

from edgedet.sim.play.report import Entry, Outcome, Report


def _report() -> Report:
    entries = [
        Entry(0.5, Outcome.DONE, "camera gate: stall"),
        Entry(1.25, Outcome.OK, "message status"),
        Entry(3.0, Outcome.FAILED, "log /x/: not within 2 s", ("nothing was logged",)),
        Entry(3.0, Outcome.SKIPPED, "the 2 steps that follow"),
    ]
    return Report("a", "a.yaml", "Of\n  what.", entries, 3.14, "/kept/a")


def test_people_see_the_timeline_and_the_verdict() -> None:
    assert _report().to_text().splitlines() == [
        "a: Of what.",
        "    0.50 s  done     camera gate: stall",
        "    1.25 s  ok       message status",
        "    3.00 s  FAILED   log /x/: not within 2 s",
        "                     nothing was logged",
        "    3.00 s  skipped  the 2 steps that follow",
        "FAILED, 1 of 2 checks in 3.1 s",
        "kept in /kept/a",
    ]


def test_programs_see_the_same() -> None:
    told = json.loads(json.dumps(_report().to_json()))
    assert (told["passed"], told["scenario"], told["file"]) == (False, "a", "a.yaml")
    assert told["timeline"][2] == {
        "at_s": 3.0,
        "outcome": "failed",
        "text": "log /x/: not within 2 s",
        "details": ["nothing was logged"],
    }


def test_without_a_failure_it_has_passed() -> None:
    report = Report("a", entries=[Entry(0.0, Outcome.OK, "x"), Entry(0.0, Outcome.SKIPPED, "y")])
    assert report.has_passed
    assert report.to_text().endswith("passed, 1 checks in 0.0 s")
