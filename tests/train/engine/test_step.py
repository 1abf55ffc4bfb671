"""One optimiser step: running statistics, accumulation, and a loss that stops being finite."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from edgedet.errors import DataError
from train.config import Recipe
from train.data.loader import Batch
from train.engine.ema import ModelEma
from train.engine.optimizer import accumulation, make_optimizer
from train.engine.schedule import Schedule
from train.engine.step import Precision, Trainee, settle_normalisation, train_epoch
from train.loss import DetectionLoss, scale_gains
from train.model import build_model
from train.model.blocks import BATCH_NORM_MOMENTUM

CPU = torch.device("cpu")
RECIPE = Recipe(nominal_batch=2, warmup_epochs=0)


def make_trainee(recipe: Recipe = RECIPE) -> Trainee:
    torch.manual_seed(0)
    model = build_model("yolov7-tiny", 1)
    return Trainee(
        model,
        ModelEma(model, decay=0.9, tau=10),
        make_optimizer(model, recipe, batch_size=1),
        torch.amp.GradScaler("cpu", enabled=False),
    )


def make_batches(count: int) -> list[Batch]:
    torch.manual_seed(1)
    target = torch.tensor([[0, 0, 0.5, 0.5, 0.5, 0.5]])
    return [
        (torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8), target) for _ in range(count)
    ]


def run(
    trainee: Trainee,
    batches: list[Batch],
    recipe: Recipe = RECIPE,
    on_batch: Callable[[int, torch.Tensor], None] = lambda _n, _c: None,
) -> torch.Tensor:
    loss_of = DetectionLoss(trainee.model, scale_gains(recipe.model_dump(), 1, 64))
    schedule = Schedule(recipe, epochs=1, steps_per_epoch=len(batches))
    precision = Precision(CPU, autocast=None)
    full = accumulation(recipe, 1)
    return train_epoch(trainee, batches, loss_of, schedule, precision, full, on_batch)


def test_running_statistics_are_the_plain_mean_of_the_first_steps() -> None:
    norm = nn.BatchNorm2d(1, momentum=BATCH_NORM_MOMENTUM)
    means = [3.0, 5.0, 10.0]
    for step, mean in enumerate(means):
        settle_normalisation(norm, step)
        norm(torch.full((2, 1, 4, 4), mean))

    assert norm.running_mean is not None
    assert norm.running_mean.item() == pytest.approx(sum(means) / len(means))


def test_the_momentum_ends_at_the_networks_own() -> None:
    norm = nn.BatchNorm2d(1)
    settle_normalisation(norm, 1000)

    assert norm.momentum == BATCH_NORM_MOMENTUM


def test_an_update_follows_each_nominal_batch_and_what_is_left_over() -> None:
    trainee = make_trainee()
    run(trainee, make_batches(3))

    assert trainee.step == 3
    assert trainee.ema.updates == 2


def test_the_loss_terms_given_back_are_the_mean_over_pictures() -> None:
    seen: list[torch.Tensor] = []
    terms = run(make_trainee(), make_batches(2), on_batch=lambda _, c: seen.append(c))

    assert torch.allclose(terms, torch.stack(seen).mean(dim=0))
    assert terms[3] == pytest.approx(float(terms[:3].sum()), rel=1e-5)


def test_weights_move_and_their_average_follows() -> None:
    trainee = make_trainee()
    name = "model.0.conv.weight"
    before = trainee.model.state_dict()[name].clone()
    run(trainee, make_batches(2))
    now, average = trainee.model.state_dict()[name], trainee.ema.model.state_dict()[name]

    assert not torch.equal(now, before)
    assert 0 < (average - before).norm() <= (now - before).norm()


def test_a_loss_that_is_not_finite_is_told_with_its_terms_and_changes_no_weight() -> None:
    trainee = make_trainee()
    with torch.no_grad():
        trainee.model.head.get_parameter("m.0.bias").fill_(math.nan)
    before = trainee.model.state_dict()["model.0.conv.weight"].clone()

    with pytest.raises(DataError, match=r"not finite at step 0: box, obj, cls, total = .*nan"):
        run(trainee, make_batches(2))
    assert torch.equal(trainee.model.state_dict()["model.0.conv.weight"], before)


def test_float32_is_taken_where_the_cpu_has_nothing_faster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    assert Precision.choose(CPU).autocast is None
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert Precision.choose(CPU).autocast is torch.bfloat16
