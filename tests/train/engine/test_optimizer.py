"""The three groups of parameters."""

from torch import nn

from train.config import Recipe
from train.engine import make_optimizer, parameter_groups
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
