"""Learning rate, momentum, accumulation and picture size over a run."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.config import Recipe
from train.data.loader import EpochPlan
from train.engine.optimizer import accumulation, make_optimizer
from train.engine.schedule import Schedule, epochs_since_best, plateau_drops
from train.model import build_model


def test_cosine_goes_from_one_to_lrf() -> None:
    schedule = Schedule(Recipe(lrf=0.1), epochs=10, steps_per_epoch=20)
    assert schedule.lr_factor(0) == 1
    assert schedule.lr_factor(100) == pytest.approx(0.55)
    assert schedule.lr_factor(200) == pytest.approx(0.1)
    assert schedule.lr_factor(10_000) == pytest.approx(0.1)


def test_warm_up_never_takes_more_than_its_share() -> None:
    recipe = Recipe(warmup_epochs=3, warmup_max_share=0.1)
    assert Schedule(recipe, epochs=5, steps_per_epoch=20).warmup_steps == 10
    assert Schedule(recipe, epochs=100, steps_per_epoch=20).warmup_steps == 60


def test_biases_start_high_and_the_rest_at_zero_in_warm_up() -> None:
    recipe = Recipe(warmup_epochs=1, warmup_max_share=1)
    optimizer = make_optimizer(build_model("yolov7-tiny", 1), recipe, 16)
    schedule = Schedule(recipe, epochs=10, steps_per_epoch=20)
    schedule.apply(optimizer, 0)
    assert [group["lr"] for group in optimizer.param_groups] == [0, 0, 0.1]
    assert optimizer.param_groups[0]["momentum"] == pytest.approx(0.8)
    schedule.apply(optimizer, 20)
    expected = 0.01 * schedule.lr_factor(20)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([expected] * 3)
    assert optimizer.param_groups[0]["momentum"] == pytest.approx(0.937)


def test_accumulation_grows_to_the_nominal_batch() -> None:
    recipe = Recipe(nominal_batch=64, warmup_epochs=1, warmup_max_share=1)
    schedule = Schedule(recipe, epochs=4, steps_per_epoch=10)
    full = accumulation(recipe, 8)
    assert full == 8
    assert [schedule.accumulation(step, full) for step in (0, 5, 10, 99)] == [1, 4, 8, 8]


@given(st.integers(0, 99), st.sampled_from([0.3, 0.5, 0.99, 1.0]))
def test_picture_sizes_are_multiples_of_32_and_end_full(epoch: int, share: float) -> None:
    schedule = Schedule(Recipe(progressive_size=share), epochs=100, steps_per_epoch=1)
    size = schedule.image_size(epoch, 416)
    assert size % 32 == 0
    assert 32 <= size <= 416
    assert schedule.image_size(99, 416) == 416
    assert size >= math.floor(share * 416 / 32) * 32


def test_mosaic_closes_at_the_end() -> None:
    schedule = Schedule(Recipe(close_mosaic=0.25), epochs=8, steps_per_epoch=1)
    assert [schedule.has_mosaic(epoch) for epoch in range(8)] == [True] * 6 + [False] * 2


def test_an_epoch_of_smaller_pictures_zooms_in_by_as_much() -> None:
    recipe = Recipe(progressive_size=0.5, full_size_share=0.5, close_mosaic=0.25)
    schedule = Schedule(recipe, epochs=8, steps_per_epoch=1, stride=64)
    first, last = schedule.epoch_plan(0, 640), schedule.epoch_plan(7, 640)
    assert first == EpochPlan(0, 320, mosaic=True, stride=64, zoom=2.0)
    assert last == EpochPlan(7, 640, mosaic=False, stride=64, zoom=1.0)


def test_decay_is_scaled_by_what_a_step_sees() -> None:
    recipe = Recipe(weight_decay=0.0005, nominal_batch=64)
    optimizer = make_optimizer(build_model("yolov7-tiny", 1), recipe, 48)
    assert [g["weight_decay"] for g in optimizer.param_groups] == pytest.approx(
        [0, 0.0005 * 48 / 64, 0]
    )
    assert isinstance(optimizer, torch.optim.SGD)


def test_linear_and_steps_fall_as_they_say() -> None:
    linear = Schedule(Recipe(schedule="linear", lrf=0.2), epochs=10, steps_per_epoch=10)
    assert [linear.lr_factor(s) for s in (0, 50, 100)] == pytest.approx([1, 0.6, 0.2])
    steps = Schedule(Recipe(schedule="step", step_at=(0.5, 0.9)), epochs=10, steps_per_epoch=10)
    assert [steps.lr_factor(s) for s in (0, 49, 50, 90)] == pytest.approx([1, 1, 0.1, 0.01])


def test_plateau_falls_when_scores_do_not_rise_and_not_below_lrf() -> None:
    recipe = Recipe(schedule="plateau", plateau_patience=2, plateau_factor=0.5, lrf=0.2)
    schedule = Schedule(recipe, epochs=10, steps_per_epoch=10)
    rising, flat = [0.1, 0.2, 0.3], [0.3, 0.3, 0.2]
    assert schedule.lr_factor(90, rising) == 1
    assert schedule.lr_factor(90, flat) == 0.5
    assert schedule.lr_factor(90, flat * 5) == 0.2


def test_epochs_since_the_best_count_scored_ones() -> None:
    assert [epochs_since_best(f) for f in ([], [0.1], [0.2, 0.1], [0.1, 0.1])] == [0, 0, 1, 1]
    assert plateau_drops([0.1] * 7, patience=3) == 2
