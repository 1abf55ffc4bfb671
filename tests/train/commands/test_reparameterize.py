"""`train reparameterize`: the file it leaves is taken by the other commands."""

import json
from pathlib import Path

import pytest

from tests.train.console import call
from train.model import load_model


def test_the_folded_file_scores_as_the_run_did(
    data: Path, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deployed.pt"
    assert call("reparameterize", "--weights", finished / "best.pt", "--out", out, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    scores = []
    for weights in (finished / "best.pt", out):
        assert call("evaluate", "--weights", weights, "--data", data, "--json") == 0
        scores.append(json.loads(capsys.readouterr().out)["ap"])

    assert result["name"] == "yolov7-tiny"
    assert result["parameters"][0] > result["parameters"][1]
    assert load_model(out)[0].fused
    assert scores[0] == pytest.approx(scores[1], abs=0.01)


def test_tells_what_became_smaller(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deployed.pt"
    assert call("reparameterize", "--weights", finished / "best.pt", "--out", out) == 0
    assert "yolov7-tiny, 6,014,988 parameters became 6,006,646" in capsys.readouterr().err


def test_refuses_to_write_over_the_file_that_it_reads(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = finished / "best.pt"
    assert call("reparameterize", "--weights", weights, "--out", weights) == 2
    assert "is the checkpoint itself" in capsys.readouterr().err


def test_a_missing_file_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights, out = tmp_path / "nowhere.pt", tmp_path / "out.pt"
    assert call("reparameterize", "--weights", weights, "--out", out) == 1
    assert "nowhere.pt" in capsys.readouterr().err
