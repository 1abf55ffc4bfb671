"""Which channels matter: those that the loss depends on."""

from collections.abc import Iterator

import pytest
import torch

from tests.train.model.slim import slim_model
from train.data.loader import Batch
from train.engine.importance import gamma_importance, measure_statistics, taylor_importance
from train.loss import TINY_HYP, DetectionLoss
from train.model import DetectionNetwork
from train.model.channels import map_channels

MEMBERS = ["yolov7-tiny", "yolov7", "yolov7-w6"]


def _batches() -> Iterator[Batch]:
    generator = torch.Generator().manual_seed(5)
    for _ in range(2):
        images = torch.randint(0, 256, (2, 3, 64, 64), generator=generator, dtype=torch.uint8)
        yield images, torch.tensor([[0.0, 0, 0.5, 0.5, 0.3, 0.3], [1, 1, 0.4, 0.6, 0.5, 0.4]])


def _taylor(model: DetectionNetwork) -> dict[int, torch.Tensor]:
    return taylor_importance(model, DetectionLoss(model, TINY_HYP), _batches())


@pytest.mark.parametrize("name", MEMBERS)
def test_every_group_has_a_value_for_each_channel(name: str) -> None:
    model = slim_model(name, 2)
    sizes = map_channels(model.architecture, auxiliary=model.has_auxiliary).sizes
    for importance in (gamma_importance(model), _taylor(model)):
        assert {group: len(values) for group, values in importance.items()} == {
            group: size for group, size in sizes.items() if group >= 0
        }
        assert all(bool((values >= 0).all()) for values in importance.values())
    assert any(bool((values > 0).any()) for values in _taylor(model).values())


def test_a_channel_that_nobody_listens_to_does_not_matter() -> None:
    model = slim_model("yolov7-tiny", 2)
    first = map_channels(model.architecture, auxiliary=False).convolutions[0]
    with torch.no_grad():
        model.state_dict()["model.1.conv.weight"][:, 1] = 0
    importance = _taylor(model)[first.makes]

    assert importance[1] == 0
    assert importance[0] > 0


def test_weights_and_statistics_stay_while_judging() -> None:
    model = slim_model("yolov7-w6", 2)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    _taylor(model)

    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_statistics_become_those_of_the_pictures() -> None:
    model = slim_model("yolov7-tiny", 2)
    measure_statistics(model, _batches())
    convolved = [model.model[0].conv(i.float() / 255) for i, _ in _batches()]  # type: ignore[operator]
    wanted = torch.stack([each.mean((0, 2, 3)) for each in convolved]).mean(0)

    torch.testing.assert_close(model.state_dict()["model.0.bn.running_mean"], wanted)
    assert not model.training
    assert all(m.momentum == 0.03 for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d))
