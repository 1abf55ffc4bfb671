"""The three groups of parameters."""

import copy
from typing import Literal

import pytest
import torch
from torch import nn

from train.config import Recipe
from train.engine import make_optimizer, parameter_groups
from train.engine.optimizer import load_optimizer
from train.engine.schedule import Schedule
from train.model import build_model


def test_groups_have_the_sizes_of_the_reference() -> None:
    model = build_model("yolov7-tiny", 80)
    assert [len(group) for group in parameter_groups(model)] == [61, 58, 58]


def test_every_parameter_is_in_one_group() -> None:
    model = build_model("yolov7-tiny", 3)
    groups = [id(parameter) for group in parameter_groups(model) for parameter in group]
    assert sorted(groups) == sorted(id(parameter) for parameter in model.parameters())


def test_what_is_decayed_is_a_weight_of_a_convolution() -> None:
    model = build_model("yolov7-tiny", 3)
    convolutions = {id(m.weight) for m in model.modules() if isinstance(m, nn.Conv2d)}
    assert {id(parameter) for parameter in parameter_groups(model)[1]} == convolutions


def test_adamw_takes_momentum_as_its_first_beta() -> None:
    recipe = Recipe(optimizer="adamw", momentum=0.9)
    optimizer = make_optimizer(build_model("yolov7-tiny", 1), recipe, 16)
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.999)


def test_sgd_without_momentum_is_plain() -> None:
    model = nn.Conv2d(1, 1, 1, bias=False)
    optimizer = make_optimizer(model, Recipe(momentum=0, lr0=0.1, weight_decay=0), 16)
    start = model.weight.detach().clone()
    for _ in range(2):
        model.weight.grad = torch.ones_like(model.weight)
        optimizer.step()

    assert torch.allclose(model.weight, start - 0.2)


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_a_layer_that_thaws_joins_those_that_learned_before(name: Literal["sgd", "adamw"]) -> None:
    first, late = nn.Conv2d(1, 1, 1, bias=False), nn.Conv2d(1, 1, 1, bias=False)
    alone = copy.deepcopy(late)
    recipe = Recipe(optimizer=name)
    together = make_optimizer(nn.Sequential(first, late), recipe, 16)
    first.weight.grad = torch.ones_like(first.weight)
    together.step()
    own = make_optimizer(alone, recipe, 16)
    for layer in (late, alone):
        layer.weight.grad = torch.ones_like(layer.weight)
    together.step()
    own.step()

    assert torch.equal(late.weight, alone.weight)


def test_pretrained_layers_have_groups_and_a_rate_of_their_own() -> None:
    model = build_model("yolov7-tiny", 1)
    recipe = Recipe(pretrained_lr=0.1, warmup_epochs=0)
    pretrained = {name for name, _ in model.named_parameters() if not name.startswith("model.77.")}
    optimizer = make_optimizer(model, recipe, 16, pretrained)
    Schedule(recipe, epochs=10, steps_per_epoch=10).apply(optimizer, 0)

    sizes = [(g["role"], g["lr_scale"], len(g["params"])) for g in optimizer.param_groups]
    assert sizes == [
        ("plain", 1, 6),
        ("plain", 0.1, 55),
        ("decayed", 1, 3),
        ("decayed", 0.1, 55),
        ("bias", 1, 3),
        ("bias", 0.1, 55),
    ]
    rates = [g["lr"] for g in optimizer.param_groups]
    assert rates == pytest.approx([recipe.lr0, 0.1 * recipe.lr0] * 3)
    assert len(parameter_groups(model)) == 3


def test_without_a_factor_the_three_groups_stay() -> None:
    model = build_model("yolov7-tiny", 1)
    optimizer = make_optimizer(model, Recipe(), 16, {"model.0.conv.weight"})

    assert [len(g["params"]) for g in optimizer.param_groups] == [61, 58, 58]


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_a_loaded_state_goes_on_as_if_it_had_stayed(name: Literal["sgd", "adamw"]) -> None:
    """The layout of moments and parameters must agree: fused kernels do not look at it."""
    recipe = Recipe(optimizer=name)
    weight = torch.arange(2.0 * 3 * 3 * 3).reshape(2, 3, 3, 3)
    nets = [nn.Conv2d(3, 2, 3, bias=False) for _ in range(2)]
    optimizers = []
    for net in nets:
        net.weight.data = weight.clone().contiguous(memory_format=torch.channels_last)
        optimizers.append(make_optimizer(net, recipe, 16))
    for turn, part in enumerate((nets[:1], nets)):
        if turn:
            saved = copy.deepcopy(optimizers[0].state_dict())
            moments = [
                {k: v.contiguous() if v.ndim else v for k, v in each.items()}
                for each in saved["state"].values()
            ]
            load_optimizer(optimizers[1], saved | {"state": dict(enumerate(moments))})
            nets[1].weight.data.copy_(nets[0].weight.data)
        for net, optimizer in zip(part, optimizers, strict=False):
            net.weight.grad = weight.sin().contiguous(memory_format=torch.channels_last)
            optimizer.step()

    assert torch.equal(nets[0].weight, nets[1].weight)
