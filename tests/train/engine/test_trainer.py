"""A training run: files it leaves, what a resume gives, what it refuses."""

import csv
import math
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import pytest
import torch

from edgedet.errors import DataError, ModelError, UsageError
from train.config import Recipe
from train.data.dataset import Sample
from train.data.store import PictureStore
from train.engine import RunPlan, Scores, Trainer, choose_device
from train.engine.run_folder import COLUMNS, EpochResult, RunFolder
from train.model import DetectionNetwork, build_model, load_model
from train.model.checkpoint import read_checkpoint
from train.model.saving import CheckpointContent, save_checkpoint

RECIPE = Recipe(optimizer="sgd", nominal_batch=4, ema_decay=0.5, ema_tau=1, mosaic=0.5)


class SquareSample(Sample):
    """A bright square on a dark ground."""

    def load(self) -> np.ndarray:
        image = np.full((64, 64, 3), 40, dtype=np.uint8)
        image[16:48, 16:48] = 220
        return image


class Quiet:
    """Progress that is only counted; may stop the run after an epoch."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.done: list[EpochResult] = []
        self._stop_after = stop_after

    def epoch_started(self, epoch: int, images: int) -> None:
        pass

    def batch_done(self, images: int, components: torch.Tensor) -> None:
        pass

    def epoch_done(self, result: EpochResult) -> None:
        self.done.append(result)
        if self._stop_after == len(self.done):
            raise KeyboardInterrupt


def make_trainer(
    folder: Path, *, resume: bool = False, epochs: int = 3, recipe: Recipe = RECIPE
) -> Trainer:
    torch.manual_seed(0)
    labels = np.array([[0, 0.5, 0.5, 0.5, 0.5]], dtype=np.float32)
    samples: list[Sample] = [SquareSample(Path(f"{n}.png"), labels) for n in range(6)]
    scores = chain([Scores(0.5, 0.2), Scores(0.9, 0.4)], repeat(Scores(0.8, 0.3)))
    plan = RunPlan(recipe, ("square",), epochs, 64, 2, workers=0, facts={"data_id": "d"})

    def score(_: DetectionNetwork) -> Scores:
        return next(scores)

    store = PictureStore(samples, 64)
    run = RunFolder(folder, resume=resume)
    model = build_model("yolov7-tiny", 1)
    return Trainer(model, store, score, plan, run, torch.device("cpu"))


def test_leaves_checkpoints_results_and_recipe(tmp_path: Path) -> None:
    best = make_trainer(tmp_path / "run").run(Quiet())
    assert best == Scores(0.9, 0.4)
    text = (tmp_path / "run" / "results.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert [row["ap50"] for row in rows] == ["0.5", "0.9", "0.8"]
    _, info = load_model(tmp_path / "run" / "best.pt")
    assert info.names == ("square",)
    assert info.metadata["ap"] == 0.4
    assert info.metadata["data_id"] == "d"
    assert (tmp_path / "run" / "recipe.yaml").is_file()


def test_best_is_half_the_size_and_holds_the_average(tmp_path: Path) -> None:
    make_trainer(tmp_path / "run", epochs=1).run(Quiet())
    best = read_checkpoint(tmp_path / "run" / "best.pt")
    last = read_checkpoint(tmp_path / "run" / "last.pt")
    assert best.train is None
    assert best.weights["model.0.conv.weight"].dtype == torch.float16
    assert last.ema is not None
    assert torch.equal(best.weights["model.0.conv.weight"], last.ema["model.0.conv.weight"].half())


def test_resume_continues_bit_for_bit(tmp_path: Path) -> None:
    make_trainer(tmp_path / "whole").run(Quiet())
    with pytest.raises(KeyboardInterrupt):
        make_trainer(tmp_path / "cut").run(Quiet(stop_after=1))
    again = make_trainer(tmp_path / "cut", resume=True)
    assert again.resume() == 1
    again.run(Quiet(), first_epoch=1)
    whole = read_checkpoint(tmp_path / "whole" / "last.pt")
    cut = read_checkpoint(tmp_path / "cut" / "last.pt")
    assert all(torch.equal(cut.weights[key], whole.weights[key]) for key in whole.weights)
    assert whole.ema is not None
    assert cut.ema is not None
    assert all(torch.equal(cut.ema[key], whole.ema[key]) for key in whole.ema)
    assert len(again.rows) == 3


def test_refuses_to_resume_another_plan(tmp_path: Path) -> None:
    make_trainer(tmp_path / "run", epochs=1).run(Quiet())
    other = make_trainer(tmp_path / "run", epochs=2, resume=True)
    with pytest.raises(ModelError, match="another recipe"):
        other.resume()


def test_refuses_a_folder_in_use(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes").touch()
    with pytest.raises(UsageError, match="is not empty"):
        make_trainer(tmp_path / "run")


def test_refuses_to_resume_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot resume"):
        make_trainer(tmp_path / "run", resume=True)


def test_a_diverging_loss_is_told_with_its_terms(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path / "run", epochs=1)
    with torch.no_grad():
        next(trainer._trainee.model.head.parameters()).fill_(math.nan)
    with pytest.raises(DataError, match="not finite at step 0: box, obj, cls, total"):
        trainer.run(Quiet())


def test_learns_a_square(tmp_path: Path) -> None:
    still = dict.fromkeys(("mosaic", "scale", "translate", "fliplr", "warmup_epochs"), 0.0)
    # the plain assignment has the same positives in every epoch, so that losses can be compared
    changed = {"optimizer": "adamw", "lr0": 0.002, "nominal_batch": 2, "loss_ota": 0}
    recipe = RECIPE.model_copy(update=still | changed)
    progress = Quiet()
    make_trainer(tmp_path / "run", epochs=6, recipe=recipe).run(progress)
    assert progress.done[-1].loss_total < 0.9 * progress.done[0].loss_total


def test_a_kill_between_the_two_checkpoints_loses_no_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"

    def save_best_only(path: Path, model: DetectionNetwork, content: CheckpointContent) -> None:
        if path.name == "last.pt":
            raise KeyboardInterrupt
        save_checkpoint(path, model, content)

    with monkeypatch.context() as patch:
        patch.setattr("train.engine.trainer.save_checkpoint", save_best_only)
        with pytest.raises(KeyboardInterrupt):
            make_trainer(folder, epochs=1).run(Quiet())
    assert (folder / "best.pt").is_file()

    again = make_trainer(folder, resume=True, epochs=1)
    assert again.resume() == 0
    again.run(Quiet())
    assert {"best.pt", "last.pt"} <= {path.name for path in folder.iterdir()}


def test_devices_that_are_not_there_are_told() -> None:
    with pytest.raises(UsageError, match="device 'gpu' is not one that torch knows"):
        choose_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ModelError, match="torch sees no CUDA device; use --device cpu"):
            choose_device("cuda:1")
