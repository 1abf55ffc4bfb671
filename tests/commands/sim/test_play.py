"""Playing several scenarios, one after the other or side by side."""

import json
from pathlib import Path

import pytest

from edgedet.commands.sim.play import load_all, play_all, shipped_scenarios
from edgedet.errors import ConfigError, UsageError
from edgedet.sim.play.report import Report

SCENARIO = """\
name: {name}
about: A run of three frames.
broker: peer
config:
  sources: [{{id: made, uri: "test://ball?width=96&height=64&frames=3", realtime: false}}]
timeline:
  - expect: {{process: {{exit_code: {code}}}}}
    within_s: {within_s}
"""


def _write(folder: Path, name: str, code: int = 0, within_s: float = 60) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(SCENARIO.format(name=name, code=code, within_s=within_s), encoding="utf-8")
    return str(path)


def test_side_by_side_each_has_its_report_and_its_folder(tmp_path: Path) -> None:
    names = [_write(tmp_path, "one"), _write(tmp_path, "two", code=5, within_s=0.1)]
    reports: list[Report] = []

    assert not play_all(load_all(names), tmp_path / "kept", 2, reports.append)

    passed = {report.scenario: report.has_passed for report in reports}
    assert passed == {"one": True, "two": False}
    kept = tmp_path / "kept" / "one"
    assert {"edgedet.yaml", "edgedet.log", "messages.jsonl", "report.txt", "scenario.yaml"} <= {
        path.name for path in kept.iterdir()
    }
    assert json.loads((kept / "messages.jsonl").read_text().splitlines()[0])["topic"]
    with pytest.raises(UsageError, match="is there already"):
        play_all(load_all(names), tmp_path / "kept", 1, reports.append)


def test_two_of_a_name_and_files_that_are_no_scenarios_are_refused(tmp_path: Path) -> None:
    name = _write(tmp_path, "one")
    with pytest.raises(UsageError, match="two scenarios have the name 'one'"):
        play_all(load_all([name, name]), None, 1, lambda _report: None)
    (tmp_path / "bad.yaml").write_text("name: 3\n")
    with pytest.raises(ConfigError) as raised:
        load_all([str(tmp_path / "bad.yaml"), str(tmp_path / "none.yaml"), name])
    assert any("cannot read" in problem for problem in raised.value.problems)
    assert len(raised.value.problems) > 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_cannot_be_played_is_raised(tmp_path: Path, jobs: int) -> None:
    path = Path(_write(tmp_path, "one"))
    path.write_text(path.read_text().replace("uri:", "ury:"))
    other = _write(tmp_path, "two")
    with pytest.raises(ConfigError, match="does not take this configuration"):
        play_all(load_all([str(path), other]), None, jobs, lambda _report: None)


def test_what_is_shipped_can_be_listed() -> None:
    assert len(shipped_scenarios()) >= 12


@pytest.mark.parametrize("keep", ["file", "file/below", "x" * 5000])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, keep: str) -> None:
    (tmp_path / "file").touch()
    loaded = load_all([_write(tmp_path, "one")])
    with pytest.raises(UsageError, match="--keep: cannot make"):
        play_all(loaded, tmp_path / keep, 1, lambda _: None)
