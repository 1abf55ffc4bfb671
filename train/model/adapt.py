"""Turning weights of one form into those of another: head kinds, auxiliary heads, folded or not.

Pure functions from names and tensors to names and tensors; files and modules are elsewhere.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from train.model.folding import fold_normalisation, unfold_normalisation
from train.model.keys import Layout


def adapt_weights(
    weights: Mapping[str, Tensor],
    layout: Layout,
    wanted: Mapping[str, Tensor],
    *,
    head_index: int,
    fused: bool,
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Weights in the form of the state dict `wanted`, and which of them are neutral fillings.

    Args:
        weights: As read, of the form that `layout` tells.
        layout: See `keys.describe_layout`.
        wanted: State dict of the model to be filled.
        head_index: Layer index of that model's head.
        fused: Whether that model's normalisation is folded away.

    Nothing is dropped for its shape here. Folding and un-folding are exact up to rounding:

    * implicit head into a plain one: folded; plain into implicit: ia = 0, im = 1;
    * normalisation and branches into a fused model: folded; fused weights into an unfused model:
      the normalisation becomes the identity, gamma = sqrt(var + eps), beta = the convolution's
      bias; a second branch becomes 0;
    * training form with an auxiliary head into the deployed form: what only it needs is dropped.
      The other way round it stays missing: nothing that it computes shows in the predictions.
    """
    prefix = f"model.{head_index}."
    adapted = _move_head(weights, layout, head_index, keep=f"{prefix}m2.0.weight" in wanted)
    if layout.head == "plain":  # a fused implicit head keeps values that are used up
        adapted = {k: v for k, v in adapted.items() if not _is_implicit(k, prefix)}
    filled: dict[str, Tensor] = {}
    if layout.head == "implicit" and not any(_is_implicit(key, prefix) for key in wanted):
        adapted = _fold_head(adapted, prefix)
    if fused and not layout.fused:
        adapted = fold_normalisation(adapted)
    elif layout.fused and not fused:
        adapted, filled = unfold_normalisation(adapted, wanted)
    for key, value in wanted.items():
        if key in adapted or key in filled:
            continue
        if _is_implicit(key, prefix):
            neutral = torch.zeros_like if ".ia." in key else torch.ones_like
            filled[key] = neutral(value)
        elif key.endswith(".num_batches_tracked") and not is_auxiliary(key, layout, head_index):
            filled[key] = torch.zeros_like(value)
        elif key in (f"{prefix}anchors", f"{prefix}anchor_grid"):
            filled[key] = value
    return adapted | filled, tuple(filled)


def is_auxiliary(key: str, layout: Layout, head_index: int) -> bool:
    """Whether an entry of a model with its head at `head_index` is one that the file's form lacks.

    These are the second set of convolutions in the head and the rows that only they read.
    """
    index = int(key.split(".")[1])
    if layout.auxiliary or head_index == layout.head_index:
        return False
    return layout.head_index <= index < head_index or key.startswith(f"model.{head_index}.m2.")


def _move_head(
    weights: Mapping[str, Tensor], layout: Layout, head_index: int, *, keep: bool
) -> dict[str, Tensor]:
    """Weights with the head at `head_index`, without those of an auxiliary head unless `keep`."""
    first = layout.head_index - layout.auxiliary
    moved: dict[str, Tensor] = {}
    for key, value in weights.items():
        index = _layer_index(key)
        if index == layout.head_index:
            name = key.removeprefix(layout.head_prefix)
            if keep or not name.startswith("m2."):
                moved[f"model.{head_index}.{name}"] = value
        elif keep or index is None or not first <= index < layout.head_index:
            moved[key] = value
    return moved


def _layer_index(key: str) -> int | None:
    parts = key.split(".", 2)
    return int(parts[1]) if len(parts) == 3 and parts[1].isdecimal() else None


def _is_implicit(key: str, prefix: str) -> bool:
    return key.startswith((f"{prefix}ia.", f"{prefix}im."))


def _fold_head(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    folded = {k: v for k, v in weights.items() if not _is_implicit(k, prefix)}
    level = 0
    while f"{prefix}ia.{level}.implicit" in weights:
        conv = f"{prefix}m.{level}"
        weight, bias = weights[f"{conv}.weight"].double(), weights[f"{conv}.bias"].double()
        added = weights[f"{prefix}ia.{level}.implicit"].double().flatten()
        factor = weights[f"{prefix}im.{level}.implicit"].double().flatten()
        shift = weight.flatten(1) @ added
        folded[f"{conv}.weight"] = (weight * factor.reshape(-1, 1, 1, 1)).float()
        folded[f"{conv}.bias"] = (factor * (bias + shift)).float()
        level += 1
    return folded
