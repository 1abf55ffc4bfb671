"""What a person sees of a run, on a terminal and in a log."""

import io

import torch
from rich.console import Console

from train.commands.progress import ConsoleProgress
from train.engine.hooks import StepResult
from train.engine.run_folder import EpochResult


def result(ap50: float | None, ap: float | None) -> EpochResult:
    return EpochResult(1, 12.34, ap50, ap, 0.1, 0.2, 0.3, 0.6, 0.001, 416, 12, 1.0)


def follow(console: Console, done: EpochResult) -> None:
    with ConsoleProgress(console, epochs=3) as progress:
        progress.epoch_started(1, 6, 0)
        progress.step_done(StepResult(1, 2, torch.tensor([0.1, 0.2, 0.3, 0.6543]), 0.01))
        progress.epoch_done(done)


def test_a_log_gets_one_line_an_epoch_and_no_bar() -> None:
    out = io.StringIO()
    follow(Console(file=out, width=40), result(0.5, 0.25))

    (line,) = out.getvalue().splitlines()
    losses, scores = (
        "loss 0.6000 (box 0.1000 obj 0.2000 cls 0.3000)",
        "AP@50 0.5000  AP@50:95 0.2500",
    )
    assert line == f"epoch 2/3  {losses}  {scores}  12.3 images/s at 416 px"


def test_an_epoch_without_scores_says_so() -> None:
    out = io.StringIO()
    follow(Console(file=out), result(None, None))

    assert "not scored" in out.getvalue()
    assert "AP@50" not in out.getvalue()


def test_a_terminal_gets_a_bar_with_the_loss() -> None:
    out = io.StringIO()
    follow(Console(file=out, force_terminal=True, width=120), result(0.5, 0.25))

    assert "epoch 2/3" in out.getvalue()
    assert "loss 0.6543" in out.getvalue()
    assert "2/6" in out.getvalue()
