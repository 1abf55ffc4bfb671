"""The loss of an epoch, with what the plan says."""

import numpy as np
import pytest
import torch

from tests.train.model.slim import slim_architecture
from train.config import Recipe
from train.engine.loss import make_loss
from train.engine.plan import RunPlan
from train.engine.world import ALONE
from train.loss import DetectionLoss, scale_gains
from train.model import build_model

LABELS = [np.array([[0, 0.5, 0.5, 0.4, 0.4]] * 3 + [[1, 0.3, 0.3, 0.4, 0.4]], dtype=np.float32)]
TARGETS = torch.tensor([[0.0, 0, 0.5, 0.5, 0.4, 0.4], [1, 1, 0.3, 0.3, 0.4, 0.4]])
IMAGES = torch.zeros(2, 3, 128, 128)


@pytest.mark.parametrize("name", ["yolov7-tiny", "yolov7-w6"])
def test_gains_follow_levels_and_picture_size(name: str) -> None:
    model = build_model(slim_architecture(name), 2)
    plan = RunPlan(Recipe(), ("a", "b"), 1, 256, 2)
    raw = [level.detach() for level in model(torch.rand(2, 3, 128, 128))]
    gains = scale_gains(Recipe().model_dump(), 2, 128, len(model.strides))
    wanted, _ = DetectionLoss(model, gains)(raw, TARGETS, IMAGES)
    got, _ = make_loss(model, plan, 128, LABELS, ALONE)(raw, TARGETS, IMAGES)

    assert got.item() == wanted.item()


def test_rare_classes_weigh_more_if_the_recipe_says_so() -> None:
    model = build_model(slim_architecture("yolov7"), 2)
    raw = [level.detach() for level in model(torch.rand(2, 3, 128, 128))]
    terms = []
    for flag in (False, True):
        plan = RunPlan(Recipe(class_weights=flag), ("a", "b"), 1, 128, 2)
        terms.append(make_loss(model, plan, 128, LABELS, ALONE)(raw, TARGETS[1:], IMAGES)[1])

    assert terms[1][2].item() == pytest.approx(2 * terms[0][2].item())
    assert torch.equal(terms[0][:2], terms[1][:2])
