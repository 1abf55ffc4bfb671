"""`train fit --qat`: a run as any other, of a network that computes as INT8."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.train.commands.test_fit import assert_same_tensors
from tests.train.console import SIDE, call, fit_arguments
from tests.train.export.lively import settled_model
from tests.train.model.slim import slim_architecture, slim_model
from tests.train.quantize.tables import measured_table
from train.commands.assembly import assemble
from train.commands.fit_options import FitOptions
from train.commands.scoring import Scorer
from train.config import load_recipe
from train.engine import Hook, Scores
from train.engine.run_folder import EpochResult
from train.engine.world import ALONE
from train.evaluate import TorchPredictor, open_predictor
from train.export.parity import pattern_images
from train.model import (
    CheckpointContent,
    DetectionNetwork,
    fuse,
    load_model,
    save_checkpoint,
)
from train.quantize.fake_quantization import FakeQuantizedConv2d
from train.quantize.scale_table import SCALES_FILE, read_scale_table
from train.quantize.trained import load_as_scored, own_scale_table


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slim network of the set's one class, and beside it scales for it."""
    folder = tmp_path_factory.mktemp("weights")
    network = settled_model(slim_architecture("yolov7-tiny"), 1)
    content = CheckpointContent(["square"], metadata={"image_size": 128})
    save_checkpoint(folder / "float.pt", network, content)
    measured_table(fuse(network), SIDE).save(folder / SCALES_FILE)
    return folder / "float.pt"


def _arguments(data: Path, out: Path, weights: Path, epochs: int = 1) -> list[object]:
    given = ("--qat", "--weights", weights, "--calibration", weights.parent, "--recipe", "qat")
    return [*fit_arguments(data, out, epochs), *given]


def _options(data: Path, out: Path, weights: Path) -> FitOptions:
    recipe = load_recipe("qat")
    made = FitOptions(data, out, recipe, "qat", weights=weights, epochs=3, image_size=SIDE)
    settings = {"batch_size": 2, "workers": 0, "threads": 1, "device": "cpu", "qat": True}
    return replace(made, calibration=weights.parent / SCALES_FILE, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(data: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "qat"
    assert call(*_arguments(data, out, weights)) == 0
    return out


def test_leaves_the_files_of_a_run_and_its_scales(run: Path, weights: Path) -> None:
    began = read_scale_table(weights.parent / SCALES_FILE)
    table = read_scale_table(run / SCALES_FILE)

    assert {each.name for each in run.iterdir()} >= {"best.pt", "last.pt", "report.html"}
    assert (table.method, table.inputs) == ("qat", began.inputs)
    assert table.facts.keys() == {"calibrator", "pictures", "float_ap50", "float_ap"}
    assert (table.facts["calibrator"], table.facts["pictures"]) == ("max", 2)
    assert "scored as" in (run / "report.html").read_text(encoding="utf-8")


def test_the_best_weights_are_plain_ones_that_carry_their_scales(run: Path, weights: Path) -> None:
    model, info = load_model(run / "best.pt")
    start = fuse(load_model(weights)[0]).state_dict()

    assert own_scale_table(info, run / "best.pt") == read_scale_table(run / SCALES_FILE)
    assert model.state_dict().keys() == start.keys()
    assert any(not torch.equal(v, start[k]) for k, v in model.state_dict().items())
    assert str(info.metadata["teacher"]).startswith("yolov7-tiny float.pt, sha256 ")


def test_evaluate_scores_it_as_int8_and_export_warns(
    run: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = run / "best.pt"
    predictors = [open_predictor(best, as_trained=how)[0] for how in (True, False)]
    images = pattern_images((SIDE, SIDE), 1, 0)
    model, _ = load_as_scored(best)

    assert call("evaluate", "--weights", best, "--data", data, "--json") == 0
    assert "was trained to be INT8 and is scored so" in capsys.readouterr().err
    assert call("export", "--weights", best, "--out", tmp_path / "bundle") == 0
    assert "what is written here is float" in " ".join(capsys.readouterr().err.split())
    wanted = TorchPredictor(model, (SIDE, SIDE)).infer(images)
    assert np.array_equal(predictors[0].infer(images), wanted)
    assert not np.array_equal(predictors[1].infer(images), wanted)


class _Stop(Hook):
    def epoch_done(self, result: EpochResult) -> None:  # noqa: ARG002 - what a hook is given
        raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_bit_for_bit(data: Path, weights: Path, tmp_path: Path) -> None:
    whole, broken = (_options(data, tmp_path / name, weights) for name in ("whole", "broken"))
    assemble(whole, ALONE).trainer.run()
    with pytest.raises(KeyboardInterrupt):
        assemble(broken, ALONE).trainer.run([_Stop()])
    resumed = assemble(replace(broken, resume=True, calibration=None), ALONE)
    resumed.trainer.run()

    assert resumed.done == 1
    assert_same_tensors(tmp_path / "whole" / "last.pt", tmp_path / "broken" / "last.pt")


def test_scores_are_those_of_int8(
    data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[bool] = []

    def score(_scorer: Scorer, network: DetectionNetwork) -> Scores:
        assert all(torch.equal(p, p.half().float()) for p in network.parameters())  # as best.pt
        scored.append(any(isinstance(each, FakeQuantizedConv2d) for each in network.modules()))
        return Scores(0.5, 0.25)

    monkeypatch.setattr(Scorer, "__call__", score)
    told = assemble(_options(data, tmp_path / "run", weights), ALONE)
    told.trainer.run()

    assert scored == [False, True, True, True, True]  # before training in float too
    assert any("AP@50:95 0.2500 in float" in line for line in told.told)
    assert any("was trained at 128 px, --image-size says 64" in line for line in told.told)


def test_a_resumed_run_keeps_its_scales(
    run: Path, data: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured_table(fuse(load_model(weights)[0]), factor=2).save(tmp_path / "other.json")
    again = [*_arguments(data, run, weights), "--resume"]

    assert call(*again, "--calibration", tmp_path / "other.json") == 1
    assert "cannot resume: the run has the scales of" in capsys.readouterr().err


def test_network_size_and_recipe_are_those_for_the_weights_unless_said(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[FitOptions] = []
    monkeypatch.setattr("train.commands.fit.run_to_end", asked.append)
    weights = tmp_path / "large.pt"
    content = CheckpointContent(["square"], metadata={"image_size": SIDE})
    save_checkpoint(weights, slim_model("yolov7"), content)
    given = ("fit", "--data", data, "--out", tmp_path / "run", "--weights", weights)
    for more in ((), ("--qat",), ("--qat", "--image-size", 96, "--epochs", 3)):
        assert call(*given, *more) == 0

    found = [(one.model, one.image_size, one.recipe_name, one.epochs) for one in asked]
    assert found == [
        ("yolov7-tiny", 640, "finetune", 100),
        ("yolov7", SIDE, "qat", 10),
        ("yolov7", 96, "qat", 3),
    ]
    assert [one.recipe.autoanchor for one in asked] == [True, False, False]


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (["--qat"], 2, "give it with --weights"),
        (["--calibration", "x.json"], 2, "use it with --qat"),
        (["--qat", "--weights", "{float}", "--calibration", "x.json"], 1, "cannot read scale"),
        (["--qat", "--weights", "{float}", "--model", "yolov7"], 1, "give its own --model"),
        (["--qat", "--weights", "{round}"], 1, "knows 1 classes ['round']"),
        (["--qat", "--weights", "{float}", "--calibration", "{yolov7}"], 1, "is not one of this"),
    ],
)
def test_refuses_in_a_line_and_leaves_nothing_behind(
    data: Path,
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    given: list[str],
    code: int,
    told: str,
) -> None:
    names = {"{float}": weights, "{round}": tmp_path / "round.pt", "{yolov7}": tmp_path / "y7.json"}
    save_checkpoint(tmp_path / "round.pt", load_model(weights)[0], CheckpointContent(["round"]))
    measured_table(fuse(slim_model("yolov7"))).save(tmp_path / "y7.json")
    out = tmp_path / "run"

    assert call(*fit_arguments(data, out), *(names.get(each, each) for each in given)) == code
    assert told in " ".join(capsys.readouterr().err.split())
    assert not out.exists() or not any(out.iterdir())


def test_a_reparameterised_checkpoint_is_as_good_a_start(
    data: Path, weights: Path, tmp_path: Path
) -> None:
    """Scales are found on the training pictures, where none are given."""
    folded, out = tmp_path / "folded.pt", tmp_path / "run"
    network = fuse(load_model(weights)[0])
    save_checkpoint(folded, network, CheckpointContent(["square"]))
    start = assemble(replace(_options(data, out, folded), calibration=None), ALONE)
    table = read_scale_table(out / SCALES_FILE)

    state, wanted = start.network.state_dict(), network.state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in state.items())
    assert (table.facts["calibrator"], table.facts["pictures"]) == ("histogram-mse", 6)
    assert table.inputs.keys() == read_scale_table(weights.parent / SCALES_FILE).inputs.keys()
