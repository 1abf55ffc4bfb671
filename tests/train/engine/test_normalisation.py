"""Running statistics of fresh layers, and of those that came from a checkpoint."""

import contextlib

import pytest
import torch
from torch import nn

from edgedet.errors import ConfigError
from train.config import Recipe
from train.engine.normalisation import (
    NormalisationStart,
    refuse_single_values,
    running_statistics,
)
from train.engine.plan import RunPlan
from train.engine.schedule import Schedule
from train.model.blocks import BATCH_NORM_MOMENTUM


def fresh() -> nn.BatchNorm2d:
    return nn.BatchNorm2d(1, momentum=BATCH_NORM_MOMENTUM)


def show(norm: nn.BatchNorm2d, mean: float) -> None:
    norm(torch.full((2, 1, 4, 4), mean))


def test_running_statistics_are_the_plain_mean_of_the_first_steps() -> None:
    norm, means = fresh(), [3.0, 5.0, 10.0]
    start = NormalisationStart(norm)
    for mean in means:
        start.before_step()
        show(norm, mean)

    assert norm.running_mean is not None
    assert norm.running_mean.item() == pytest.approx(sum(means) / len(means))


def test_a_second_start_goes_on_where_the_first_was() -> None:
    norm, means = fresh(), [3.0, 5.0, 10.0]
    for mean in means:
        start = NormalisationStart(norm)
        start.before_step()
        show(norm, mean)

    assert norm.running_mean is not None
    assert norm.running_mean.item() == pytest.approx(sum(means) / len(means))


def test_statistics_of_a_checkpoint_are_kept() -> None:
    norm = fresh()
    norm.load_state_dict(
        {**norm.state_dict(), "running_mean": torch.tensor([7.0])}
        | {"num_batches_tracked": torch.tensor(5000)}
    )
    NormalisationStart(norm).before_step()
    show(norm, 0.0)

    assert norm.momentum == BATCH_NORM_MOMENTUM
    assert norm.running_mean is not None
    assert norm.running_mean.item() == pytest.approx(7 * (1 - BATCH_NORM_MOMENTUM))


def test_the_momentum_ends_at_the_networks_own() -> None:
    norm = fresh()
    start = NormalisationStart(norm)
    for _ in range(40):
        start.before_step()
        show(norm, 1.0)

    assert norm.momentum == BATCH_NORM_MOMENTUM


def test_layers_in_eval_mode_are_left_alone() -> None:
    held, learning = fresh().eval(), fresh()
    NormalisationStart(nn.ModuleList([held, learning])).before_step()

    assert (held.momentum, learning.momentum) == (BATCH_NORM_MOMENTUM, 1)
    assert len(running_statistics(nn.ModuleList([held, learning]))) == 2


@pytest.mark.parametrize(
    ("recipe", "side", "batch", "processes", "is_refused"),
    [
        (Recipe(), 32, 2, 1, True),
        (Recipe(), 64, 2, 1, False),
        (Recipe(), 32, 3, 1, False),
        (Recipe(), 32, 6, 2, True),
        (Recipe(multi_scale=0.5), 64, 2, 1, True),
        (Recipe(progressive_size=0.5), 64, 2, 1, True),
    ],
)
def test_a_batch_of_a_single_value_is_refused(
    recipe: Recipe, side: int, batch: int, processes: int, *, is_refused: bool
) -> None:
    plan = RunPlan(recipe, ("a",), epochs=4, image_size=side, batch_size=batch)
    schedule = Schedule(recipe, 4, 5, stride=32)
    expected = pytest.raises(ConfigError, match="nothing to normalise by: of 9 pictures")
    with expected if is_refused else contextlib.nullcontext():
        refuse_single_values(plan, schedule, 9, processes)
