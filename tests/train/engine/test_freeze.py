"""Which layers learn, epoch by epoch."""

import pytest
from torch import nn

from edgedet.errors import ConfigError
from train.config import Recipe
from train.engine.freeze import frozen_layers, set_mode
from train.model import DetectionNetwork, build_model


@pytest.fixture(scope="module")
def model() -> DetectionNetwork:
    return build_model("yolov7-tiny", 1)


def test_a_number_means_the_first_layers_and_a_list_exactly_those(model: DetectionNetwork) -> None:
    assert frozen_layers(model, Recipe(freeze=29), 0, 10) == set(range(29))
    assert frozen_layers(model, Recipe(freeze=(3, 5)), 0, 10) == {3, 5}
    assert frozen_layers(model, Recipe(), 0, 10) == set()


def test_layers_thaw_the_last_first(model: DetectionNetwork) -> None:
    recipe = Recipe(freeze=10, unfreeze_share=0.5)
    frozen = [frozen_layers(model, recipe, epoch, 10) for epoch in range(6)]

    assert [len(each) for each in frozen] == [10, 8, 6, 4, 2, 0]
    assert frozen[1] == set(range(8))


@pytest.mark.parametrize("freeze", [78, -1, (0, 78), (-1,)])
def test_layers_that_are_not_there_or_all_are_refused(
    model: DetectionNetwork, freeze: int | tuple[int, ...]
) -> None:
    with pytest.raises(ConfigError, match="yolov7-tiny has layers 0 to 77, and at least one"):
        frozen_layers(model, Recipe(freeze=freeze), 0, 10)


def test_the_mode_holds_frozen_layers_and_lets_others_learn(model: DetectionNetwork) -> None:
    set_mode(model, {0, 1})
    set_mode(model, {0})
    learning = [any(p.requires_grad for p in layer.parameters()) for layer in model.model[:3]]
    norms = [m.training for layer in model.model[:3] for m in layer.modules() if _is_norm(m)]

    assert learning == norms == [False, True, True]
    assert model.training


def _is_norm(module: nn.Module) -> bool:
    return isinstance(module, nn.BatchNorm2d)
