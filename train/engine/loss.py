"""The loss of an epoch: gains for its picture size, factors for classes, shares of processes."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from train.engine.plan import RunPlan
from train.engine.sampling import class_factors
from train.engine.world import World
from train.loss import Loss, Weighting, scale_gains
from train.model import DetectionNetwork


def make_loss(
    model: DetectionNetwork,
    plan: RunPlan,
    image_size: int,
    labels: Sequence[NDArray[np.float32]],
    world: World,
) -> Loss:
    """The loss of `model` for pictures of `image_size`; `labels` (n, 5) of each picture."""
    num_classes = len(plan.class_names)
    classes = None
    if plan.recipe.class_weights:
        classes = torch.from_numpy(class_factors(labels, num_classes)).float()
    shares = world.shares if world.size > 1 else None
    gains = scale_gains(plan.recipe.model_dump(), num_classes, image_size, len(model.strides))
    return plan.loss(model, gains, Weighting(classes, shares))
