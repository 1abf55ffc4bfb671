"""One optimiser step: running statistics, accumulation, and a loss that stops being finite."""

import math
from collections.abc import Callable

import pytest
import torch

from train.config import Recipe
from train.data.loader import Batch
from train.engine.ema import ModelEma
from train.engine.optimizer import accumulation, make_optimizer
from train.engine.precision import Precision
from train.engine.schedule import Schedule
from train.engine.step import DivergedError, EpochLoop, Tally, Trainee, train_epoch
from train.loss import DetectionLoss, scale_gains
from train.model import build_model

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
    tally = Tally()
    loss_of = DetectionLoss(trainee.model, scale_gains(recipe.model_dump(), 1, 64))
    schedule = Schedule(recipe, epochs=1, steps_per_epoch=len(batches))
    precision = Precision(CPU, autocast=None)
    full = accumulation(recipe, 1)
    loop = EpochLoop(
        trainee.model,
        loss_of,
        schedule,
        precision,
        full,
        on_step=lambda _t, terms, images, _b: on_batch(images, terms),
    )
    trainee.model.train()
    train_epoch(trainee, batches, loop, tally)
    return tally.sums / tally.images


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

    with pytest.raises(DivergedError, match=r"not finite at step 0: box, obj, cls, total = .*nan"):
        run(trainee, make_batches(2))
    assert torch.equal(trainee.model.state_dict()["model.0.conv.weight"], before)


def test_a_loss_far_beyond_its_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    trainee = make_trainee()
    trainee.first_loss = 0.5
    monkeypatch.setattr("train.engine.step._DIVERGED", 0.01)

    with pytest.raises(
        DivergedError, match=r"has grown beyond 0\.01 at step 0: box, obj, cls"
    ) as told:
        run(trainee, make_batches(1))
    assert told.value.batch == 0
