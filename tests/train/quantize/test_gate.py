import shlex
from dataclasses import replace

import pytest

from tests.train.quantize.reports import comparison
from train.quantize.gate import Attempt, passes, refusal, worst

ATTEMPT = Attempt(
    command=shlex.split("quantize --weights best.pt --data 'my data.yaml' --out out"),
    method="histogram-mse",
    pictures=300,
    available=2000,
    was_searched=False,
    weights="best.pt",
    data="my data.yaml",
)


def test_the_budget_holds_on_every_backend() -> None:
    both = [comparison(0.50, 0.496, "openvino"), comparison(0.50, 0.494, "onnxruntime")]
    assert worst(both).backend == "onnxruntime"
    assert worst(both).drop_points == pytest.approx(0.6)
    assert not passes(both, 0.5)
    assert passes(both, 0.6)
    assert passes([comparison(0.50, 0.52)], 0.0)


def test_a_refusal_says_what_was_lost_and_commands_that_help() -> None:
    text = refusal([comparison(0.5012, 0.4881)], 0.5, ATTEMPT)
    first, *advice = text.splitlines()
    assert "INT8 loses 1.31 points of AP@50:95 on openvino (0.5012 to 0.4881)" in first
    assert "the budget is 0.5: nothing was written" in first
    base = "python -m train quantize --weights best.pt --data 'my data.yaml' --out out"
    commands = [line.partition(": ")[2] for line in advice]
    assert f"{base} --search" in commands
    assert f"{base} --calibrator percentile" in commands
    assert f"{base} --pictures 512" in commands
    assert any(line.startswith("python -m train fit --qat --weights best.pt") for line in commands)


def test_advice_leaves_out_what_was_tried_and_replaces_options() -> None:
    words = [*ATTEMPT.command, "--search", "--pictures", "64", "--calibrator=percentile"]
    attempt = replace(ATTEMPT, command=words, method="percentile", was_searched=True)
    text = refusal([comparison(0.5, 0.4)], 0.5, attempt)
    assert "--pictures 64 --search" not in text
    assert text.count("--calibrator histogram-mse") == 1
    assert "--calibrator=percentile --calibrator" not in text
    assert "leave the few most sensitive" not in text
    assert "nothing was written, and half of the layers in float are not enough" in text
    full = refusal([comparison(0.5, 0.4)], 0.5, replace(attempt, pictures=512))
    assert "more pictures" not in full
    few = refusal([comparison(0.5, 0.4)], 0.5, replace(ATTEMPT, pictures=300, available=400))
    assert "more pictures (300 so far)" in few
    assert "--pictures 400" in few
    all_of_them = replace(ATTEMPT, pictures=400, available=400)
    assert "more pictures" not in refusal([comparison(0.5, 0.4)], 0.5, all_of_them)
    trained = refusal([comparison(0.5, 0.4)], 0.5, replace(ATTEMPT, method="qat"))
    assert "fit --qat" not in trained
    assert "scales from pictures: " in trained
