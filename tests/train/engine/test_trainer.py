"""A training run: files it leaves, what a resume gives, what it refuses."""

import csv
import math
import re
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import pytest
import torch

from edgedet.errors import DataError, ModelError, UsageError
from tests.train.model.slim import slim_architecture
from train.config import Recipe
from train.data.dataset import Sample
from train.data.store import PictureStore
from train.engine import Hook, Machine, Precision, RunPlan, Scores, StepResult, Trainer
from train.engine.run_folder import COLUMNS, EpochResult, RunFolder
from train.engine.step import DivergedError
from train.model import DetectionNetwork, build_model, load_model
from train.model.checkpoint import read_checkpoint
from train.model.saving import CheckpointContent, save_checkpoint

MACHINE = Machine(Precision(torch.device("cpu"), autocast=None))
RECIPE = Recipe(optimizer="sgd", nominal_batch=4, ema_decay=0.5, ema_tau=1, mosaic=0.5)


class SquareSample(Sample):
    """A bright square on a dark ground."""

    def load(self) -> np.ndarray:
        image = np.full((64, 64, 3), 40, dtype=np.uint8)
        image[16:48, 16:48] = 220
        return image


class Quiet(Hook):
    """Progress that is only counted; may stop the run after an epoch."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.done: list[EpochResult] = []
        self._stop_after = stop_after

    def epoch_done(self, result: EpochResult) -> None:
        self.done.append(result)
        if self._stop_after == len(self.done):
            raise KeyboardInterrupt


def make_trainer(
    folder: Path,
    *,
    resume: bool = False,
    epochs: int = 3,
    recipe: Recipe = RECIPE,
    save_every_s: float = 900.0,
) -> Trainer:
    torch.manual_seed(0)
    labels = np.array([[0, 0.5, 0.5, 0.5, 0.5]], dtype=np.float32)
    samples: list[Sample] = [SquareSample(Path(f"{n}.png"), labels) for n in range(6)]
    scores = chain([Scores(0.5, 0.2), Scores(0.9, 0.4)], repeat(Scores(0.8, 0.3)))
    facts = {"data_id": "d"}
    plan = RunPlan(
        recipe, ("square",), epochs, 64, 2, workers=0, save_every_s=save_every_s, facts=facts
    )

    def score(_: DetectionNetwork) -> Scores:
        return next(scores)

    store = PictureStore(samples, 64)
    run = RunFolder(folder, resume=resume)
    model = build_model(slim_architecture("yolov7-tiny"), 1)
    return Trainer(model, store, score, plan, run, MACHINE)


def test_leaves_checkpoints_results_and_recipe(tmp_path: Path) -> None:
    best = make_trainer(tmp_path / "run").run([Quiet()])
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
    make_trainer(tmp_path / "run", epochs=1).run([Quiet()])
    best = read_checkpoint(tmp_path / "run" / "best.pt")
    last = read_checkpoint(tmp_path / "run" / "last.pt")
    assert best.train is None
    assert best.weights["model.0.conv.weight"].dtype == torch.float16
    assert last.ema is not None
    assert torch.equal(best.weights["model.0.conv.weight"], last.ema["model.0.conv.weight"].half())


class Cut(Hook):
    """Ends the run after a step, as a kill would."""

    def __init__(self, step: int) -> None:
        self._step = step

    def step_done(self, result: StepResult) -> None:
        if result.step == self._step:
            raise KeyboardInterrupt


def assert_same_checkpoints(one: Path, other: Path) -> None:
    a, b = read_checkpoint(one / "last.pt"), read_checkpoint(other / "last.pt")
    assert [key for key in a.weights if not torch.equal(a.weights[key], b.weights[key])] == []
    assert a.ema is not None
    assert b.ema is not None
    assert [key for key in a.ema if not torch.equal(a.ema[key], b.ema[key])] == []


def test_resume_continues_bit_for_bit(tmp_path: Path) -> None:
    make_trainer(tmp_path / "whole").run()
    with pytest.raises(KeyboardInterrupt):
        make_trainer(tmp_path / "cut").run([Quiet(stop_after=1)])
    again = make_trainer(tmp_path / "cut", resume=True)
    assert again.resume() == 1
    again.run()
    assert_same_checkpoints(tmp_path / "whole", tmp_path / "cut")
    assert len(again.rows) == 3


@pytest.mark.parametrize(
    "step", [pytest.param(2, marks=pytest.mark.slow), 3, pytest.param(5, marks=pytest.mark.slow)]
)
def test_resume_goes_on_inside_an_epoch(tmp_path: Path, step: int) -> None:
    # three steps an epoch, an update every second one and at the end
    recipe = RECIPE.model_copy(update={"warmup_epochs": 0, "image_weights": True})
    make_trainer(tmp_path / "whole", epochs=2, recipe=recipe).run()
    cut = make_trainer(tmp_path / "cut", epochs=2, recipe=recipe, save_every_s=0)
    with pytest.raises(KeyboardInterrupt):
        cut.run([Cut(step + 1)])
    again = make_trainer(tmp_path / "cut", resume=True, epochs=2, recipe=recipe)
    assert again.resume() == step // 3
    steps: list[int] = []

    class Count(Hook):
        def step_done(self, result: StepResult) -> None:
            steps.append(result.step)

    again.run([Count()])
    assert steps[0] == step + 1
    assert_same_checkpoints(tmp_path / "whole", tmp_path / "cut")


def test_a_run_ends_early_when_no_epoch_is_better(tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"patience": 2})
    trainer = make_trainer(tmp_path / "run", epochs=9, recipe=recipe)
    trainer.run()
    assert len(trainer.rows) == 4  # the second is the best

    again = make_trainer(tmp_path / "run", epochs=9, recipe=recipe, resume=True)
    again.resume()
    assert again.is_finished


def test_frozen_layers_keep_weights_and_statistics(tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"freeze": 29})
    trainer = make_trainer(tmp_path / "run", epochs=1, recipe=recipe)
    before = {k: v.clone() for k, v in trainer._trainee.model.state_dict().items()}
    trainer.run()
    after = trainer._trainee.model.state_dict()
    changed = {int(k.split(".")[1]) for k in before if not torch.equal(before[k], after[k])}
    assert min(changed) == 29
    assert "model.29.bn.running_mean" in {k for k in before if not torch.equal(before[k], after[k])}


def test_more_epochs_are_accepted_only_when_asked_for(tmp_path: Path) -> None:
    make_trainer(tmp_path / "run", epochs=1).run()
    with pytest.raises(ModelError, match="epochs 2 instead of 1; more epochs need --extend"):
        make_trainer(tmp_path / "run", epochs=2, resume=True).resume()
    longer = make_trainer(tmp_path / "run", epochs=2, resume=True)
    assert longer.resume(extend=True) == 1
    longer.run()
    assert len(longer.rows) == 2


def test_refuses_to_resume_another_plan(tmp_path: Path) -> None:
    make_trainer(tmp_path / "run", epochs=1).run([Quiet()])
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
    with pytest.raises(DataError, match="not finite at step 0: box, obj, cls, total") as told:
        trainer.run()
    assert re.search(
        r"pictures \d\.png, \d\.png of \.; there is no checkpoint yet", str(told.value)
    )


def test_a_diverging_loss_names_the_last_good_checkpoint(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path / "run", epochs=2)

    class Spoil(Hook):
        def epoch_done(self, result: EpochResult) -> None:
            del result
            with torch.no_grad():
                next(trainer._trainee.model.head.parameters()).fill_(math.nan)

    with pytest.raises(DataError) as told:
        trainer.run([Spoil()])
    assert f"last good checkpoint {tmp_path / 'run' / 'last.pt'} (after 1 epochs" in str(told.value)


def test_weights_that_no_file_can_hold_are_told_as_divergence(tmp_path: Path) -> None:
    """One large step at the end of an epoch; the next loss would come too late."""
    recipe = RECIPE.model_copy(update={"lr0": 1e6, "nominal_batch": 64, "warmup_epochs": 0})
    with pytest.raises(DivergedError) as told:
        make_trainer(tmp_path / "run", epochs=1, recipe=recipe).run()
    assert re.fullmatch(
        r"training has diverged in epoch 1: cannot save \S+best\.pt: \S+ is not finite in "
        r"torch\.float16; its mean loss so far: box, obj, cls, total = [^;]+; there is no "
        r"checkpoint yet; lower lr0",
        str(told.value),
    )


def test_weights_that_are_no_numbers_are_never_saved_inside_an_epoch(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path / "run", epochs=1, save_every_s=0)

    class Spoil(Hook):
        def step_done(self, result: StepResult) -> None:
            if result.step == 2:  # the first update: what comes next is a save
                with torch.no_grad():
                    next(trainer._trainee.model.head.parameters()).fill_(math.nan)

    with pytest.raises(DivergedError, match=r"in epoch 1: cannot save \S+last\.pt"):
        trainer.run([Spoil()])


def test_learns_a_square(tmp_path: Path) -> None:
    still = dict.fromkeys(("mosaic", "scale", "translate", "fliplr", "warmup_epochs"), 0.0)
    # the plain assignment has the same positives in every epoch, so that losses can be compared
    changed = {"optimizer": "adamw", "lr0": 0.002, "nominal_batch": 2, "loss_ota": 0}
    recipe = RECIPE.model_copy(update=still | changed)
    progress = Quiet()
    make_trainer(tmp_path / "run", epochs=6, recipe=recipe).run([progress])
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
        patch.setattr("train.engine.keeping.save_checkpoint", save_best_only)
        with pytest.raises(KeyboardInterrupt):
            make_trainer(folder, epochs=1).run([Quiet()])
    assert (folder / "best.pt").is_file()

    again = make_trainer(folder, resume=True, epochs=1)
    assert again.resume() == 0
    again.run([Quiet()])
    assert {"best.pt", "last.pt"} <= {path.name for path in folder.iterdir()}
