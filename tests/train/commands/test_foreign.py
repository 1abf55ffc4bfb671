"""`train export --format` on a finished run, with the pictures of its set."""

import json
from pathlib import Path

import pytest

from tests.train.console import SIDE, call
from train.formats.facts import read_facts


def test_is_compared_on_pictures_of_the_set_and_scored(
    data: Path, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "script"
    weights = finished / "best.pt"
    options = ("--format", "torchscript", "--out", out, "--data", data)
    assert call("export", "--weights", weights, *options) == 0
    told = capsys.readouterr().err
    assert "of the checkpoint on 6 of val" in told
    facts = read_facts(out)
    assert (facts.name, facts.height, facts.class_names) == ("script", SIDE, ["square"])
    assert facts.check.score is not None
    assert call("evaluate", "--weights", out, "--data", data, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["backend"] == "torchscript"
    assert call("evaluate", "--weights", weights, "--data", data, "--json") == 0
    assert found["ap"] == pytest.approx(json.loads(capsys.readouterr().out)["ap"], abs=0.01)


def test_an_unknown_format_is_wrong_usage(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--format", "caffe", "--out", tmp_path / "out")
    assert call("export", "--weights", finished / "best.pt", *options) == 2
    assert "--format caffe: expected one of bundle, openvino, tflite" in capsys.readouterr().err
