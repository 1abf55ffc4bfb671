"""`edgedet sim` as it is called."""

import json
from pathlib import Path

import pytest

from edgedet.cli import main
from edgedet.sim.library import shipped
from tests.commands.sim.test_play import SCENARIO


def _call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as raised:
        main(["sim", *arguments])
    return int(raised.value.code or 0)


def test_the_list_is_for_people_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [path.stem for path in shipped()]
    assert _call("list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["scenarios"]
    assert rows[0]["name"] == shipped()[0].stem
    assert rows[0]["about"]


def test_checking_says_everything_and_plays_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _call("check", shipped()[0].stem) == 0
    assert "valid" in capsys.readouterr().out
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: a\nabout: b\ntimeline: [{pause: 3}]\n")
    assert _call("check", str(bad)) == 2
    assert f"{bad}:3: timeline[0]: expected exactly one of" in capsys.readouterr().err
    assert _call("check") == 2
    assert "no scenario given" in capsys.readouterr().err


@pytest.mark.parametrize(("code", "exit_code"), [(0, 0), (7, 1)])
def test_the_exit_code_says_whether_it_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int, exit_code: int
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO.format(name="one", code=code, within_s=0.1 if code else 60))
    assert _call("run", str(path), "--json") == exit_code
    (report,) = json.loads(capsys.readouterr().out)["reports"]
    assert report["passed"] is (exit_code == 0)
    assert report["file"] == str(path)


def test_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call("run", "no-such-scenario") == 2
    assert "no-such-scenario" in capsys.readouterr().err
