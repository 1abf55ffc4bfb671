"""The moving average of the weights."""

import math

import pytest
import torch
from torch import nn

from train.engine.ema import ModelEma


def test_follows_the_formula() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ema = ModelEma(model, decay=0.9, tau=10)
    before = {name: tensor.clone() for name, tensor in ema.model.state_dict().items()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    ema.update(model)
    decay = 0.9 * (1 - math.exp(-1 / 10))
    after = ema.model.state_dict()
    expected = before["0.weight"] * decay + model.state_dict()["0.weight"] * (1 - decay)
    assert torch.allclose(after["0.weight"], expected)
    assert ema.updates == 1


def test_averages_running_statistics_and_copies_counters() -> None:
    model = nn.BatchNorm1d(1, momentum=0.5)
    ema = ModelEma(model, decay=0.0, tau=1)
    model(torch.full((4, 1), 8.0))
    ema.update(model)
    state = ema.model.state_dict()
    assert state["running_mean"].item() == pytest.approx(4)
    assert state["num_batches_tracked"].item() == 1


def test_does_not_touch_the_model_and_takes_no_gradient() -> None:
    model = nn.Linear(2, 2)
    ema = ModelEma(model, decay=0.5, tau=1)
    before = model.weight.detach().clone()
    ema.update(model)
    assert torch.equal(model.weight, before)
    assert not any(parameter.requires_grad for parameter in ema.model.parameters())
