"""TensorBoard events: what is in them, and what a resume replaces."""

from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
    EventAccumulator,
)

from train.config import Recipe
from train.engine.hooks import StepResult
from train.engine.plan import RunPlan
from train.engine.run_folder import EpochResult
from train.engine.tensorboard import TensorBoard

PLAN = RunPlan(Recipe(), ("person",), 2, 64, 2, facts={"command": "fit"})


def row(epoch: int, ap: float | None = 0.25) -> EpochResult:
    return EpochResult(epoch, 12.5, ap, ap, 0.1, 0.2, 0.0, 0.3, 0.001, 64, 100 * (epoch + 1), 8.0)


def write(folder: Path, done: list[EpochResult], ap: float | None) -> None:
    board = TensorBoard(folder)
    board.run_started(PLAN, done, 100 * len(done))
    board.epoch_started(len(done), 100, 0)
    for step in range(50):
        board.step_done(StepResult(step, 2, torch.tensor([1.0, 2.0, 3.0, 6.0]), 0.01))
    board.epoch_done(row(len(done), ap))
    board.run_ended()


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder)).Reload()


def test_every_column_and_the_steps_are_there(tmp_path: Path) -> None:
    write(tmp_path, [], 0.25)
    events = read(tmp_path)
    tags = events.Tags()["scalars"]

    assert {"epoch/ap", "epoch/ap50", "epoch/loss_total", "epoch/lr", "step/loss_box"} <= set(tags)
    (ap,) = events.Scalars("epoch/ap")
    assert (ap.step, ap.value) == (100, pytest.approx(0.25))
    totals = events.Scalars("step/loss_total")
    assert 10 < len(totals) < 25
    assert totals[-1].value == 6


def test_an_epoch_that_was_not_scored_has_no_ap(tmp_path: Path) -> None:
    write(tmp_path, [], None)

    assert "epoch/ap" not in read(tmp_path).Tags()["scalars"]


def test_a_resumed_run_replaces_what_it_repeats(tmp_path: Path) -> None:
    write(tmp_path, [], 0.25)
    write(tmp_path, [row(0)], 0.5)
    write(tmp_path, [row(0)], 0.75)

    assert [(e.step, e.value) for e in read(tmp_path).Scalars("epoch/ap")] == [
        (100, 0.25),
        (200, 0.75),
    ]


def test_a_folder_that_cannot_be_written_ends_the_events_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").touch()
    write(tmp_path / "taken" / "events", [], 0.25)

    assert "no more TensorBoard events" in caplog.text
