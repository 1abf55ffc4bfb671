"""Layers that do not learn: neither their weights nor their running statistics."""

import math
from collections.abc import Iterable

from edgedet.errors import ConfigError
from train.config import Recipe
from train.model import DetectionNetwork


def frozen_layers(model: DetectionNetwork, recipe: Recipe, epoch: int, epochs: int) -> set[int]:
    """Indexes of the layers that do not learn in `epoch`, counted from 0, of a run of `epochs`.

    With `unfreeze_share` the layers thaw one after another, the last first, until all learn after
    that share of the run.

    Raises:
        ConfigError: if the recipe names a layer that the network does not have, or all of them.
    """
    count = len(model.model)
    given = range(recipe.freeze) if isinstance(recipe.freeze, int) else recipe.freeze
    layers = sorted(set(given))
    learning = {i for i, layer in enumerate(model.model) if any(True for _ in layer.parameters())}
    is_negative = isinstance(recipe.freeze, int) and recipe.freeze < 0
    is_unknown = bool(layers) and (layers[0] < 0 or layers[-1] >= count)
    if is_negative or is_unknown or learning <= set(layers):
        msg = (
            f"freeze is {recipe.freeze!r}: {model.architecture.name} has layers 0 to {count - 1}, "
            "and at least one with weights must learn"
        )
        raise ConfigError(msg)
    thawing = recipe.unfreeze_share * epochs
    left = max(1 - epoch / thawing, 0.0) if thawing else 1.0
    return set(layers[: math.ceil(len(layers) * left)])


def set_mode(model: DetectionNetwork, frozen: Iterable[int]) -> None:
    """Train mode, but for the layers in `frozen`: eval mode, and no gradient."""
    held = set(frozen)
    model.train()
    for index, layer in enumerate(model.model):
        for parameter in layer.parameters():
            parameter.requires_grad_(index not in held)
        if index in held:
            layer.eval()
