"""`train check`: exit codes, what is printed and written, and what --fix does."""

import json
from pathlib import Path

import pytest

from tests.train.console import call
from tests.train.data.audit.spoiled import GOOD, make_set, picture, save, spoil


def test_a_sound_set_is_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("check", make_set(tmp_path)) == 0
    assert "no problems; id " in capsys.readouterr().err


def test_warnings_are_no_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_set(tmp_path)
    save(tmp_path / "images" / "train" / "x.png", picture(90), f"{GOOD}\n{GOOD}")

    assert call("check", data) == 0
    assert "label rows that repeat another one" in capsys.readouterr().err


def test_problems_are_told_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = spoil(make_set(tmp_path / "set"))
    page, file = tmp_path / "check.html", tmp_path / "check.json"

    assert call("check", data, "--report", page, "--json", file) == 1
    told = capsys.readouterr().err
    assert "labels/train/rows2.txt:1: class 2" in told
    assert "13 problems: mend them before training" in told
    assert json.loads(file.read_text(encoding="utf-8"))["schema"] == "edgedet.data-check/1"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_json_goes_to_standard_output_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("check", make_set(tmp_path), "--json", "-")

    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_fixes_are_shown_first_and_made_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_set(tmp_path)
    label = tmp_path / "labels" / "train" / "x.txt"
    save(tmp_path / "images" / "train" / "x.png", picture(90), f"{GOOD}\n0 1 .5 .04 .1\n")
    before = label.read_text(encoding="utf-8")

    assert call("check", data, "--fix", "--dry-run") == 1
    assert "would clip row" in capsys.readouterr().err
    assert label.read_text(encoding="utf-8") == before

    assert call("check", data, "--fix") == 0
    told = capsys.readouterr().err
    assert f"clip row {label}:2: '0 1 .5 .04 .1' becomes '0 0.990000 0.500000 0.0" in told
    assert "1 fixes, written down in" in told
    assert call("check", data, "--fix") == 0
    assert "nothing that can be mended safely" in capsys.readouterr().err


def test_wrong_usage_and_no_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("check", make_set(tmp_path), "--dry-run") == 2
    assert call("check", tmp_path / "data.yaml", "--image-size", "100") == 2
    assert call("check", tmp_path / "none.yaml") == 1
    assert "cannot read data set description" in capsys.readouterr().err
