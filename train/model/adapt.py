"""Turning weights of one form into those of another: head kinds, folded or not, class counts.

Pure functions from names and tensors to names and tensors; files and modules are elsewhere.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from train.model.blocks import BATCH_NORM_EPS, Normalisation
from train.model.keys import Layout

_BN_PARTS = ("weight", "bias", "running_mean", "running_var")


def adapt_weights(
    weights: Mapping[str, Tensor], layout: Layout, wanted: Mapping[str, Tensor], *, fused: bool
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Weights in the form of the state dict `wanted`, and which of them are neutral fillings.

    Args:
        weights: As read, of the form that `layout` tells.
        layout: See `keys.describe_layout`.
        wanted: State dict of the model to be filled.
        fused: Whether that model's normalisation is folded away.

    Nothing is dropped for its shape here. Folding and un-folding are exact up to rounding:

    * implicit head into a plain one: folded; plain into implicit: ia = 0, im = 1;
    * normalisation into a fused model: folded; fused weights into an unfused model: the
      normalisation becomes the identity, gamma = sqrt(var + eps), beta = the convolution's bias.
    """
    adapted = dict(weights)
    if layout.head == "plain":  # a fused implicit head keeps values that are used up
        adapted = {k: v for k, v in adapted.items() if not _is_implicit(k, layout)}
    filled: dict[str, Tensor] = {}
    if layout.head == "implicit" and not any(_is_implicit(key, layout) for key in wanted):
        adapted = _fold_head(adapted, layout)
    if fused and not layout.fused:
        adapted = _fold_normalisation(adapted)
    elif layout.fused and not fused:
        adapted, filled = _unfold_normalisation(adapted, wanted)
    for key, value in wanted.items():
        if key in adapted or key in filled:
            continue
        if _is_implicit(key, layout):
            neutral = torch.zeros_like if ".ia." in key else torch.ones_like
            filled[key] = neutral(value)
        elif key.endswith(".num_batches_tracked"):
            filled[key] = torch.zeros_like(value)
        elif key in (f"{layout.head_prefix}anchors", f"{layout.head_prefix}anchor_grid"):
            filled[key] = value
    return adapted | filled, tuple(filled)


def _is_implicit(key: str, layout: Layout) -> bool:
    return key.startswith((f"{layout.head_prefix}ia.", f"{layout.head_prefix}im."))


def _fold_head(weights: Mapping[str, Tensor], layout: Layout) -> dict[str, Tensor]:
    folded = {k: v for k, v in weights.items() if not _is_implicit(k, layout)}
    prefix, level = layout.head_prefix, 0
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


def _fold_normalisation(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    folded: dict[str, Tensor] = {}
    for key, value in weights.items():
        stem, _, part = key.rpartition(".bn.")
        if not stem:
            folded.setdefault(key, value)
        elif part == _BN_PARTS[0]:
            gamma, beta, mean, var = (weights[f"{stem}.bn.{name}"] for name in _BN_PARTS)
            norm = Normalisation(gamma, beta, mean, var)
            weight, bias = norm.fold_into(weights[f"{stem}.conv.weight"])
            folded[f"{stem}.conv.weight"] = weight
            folded[f"{stem}.conv.bias"] = bias
    return folded


def _unfold_normalisation(
    weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    unfolded = dict(weights)
    filled: dict[str, Tensor] = {}
    for key in wanted:
        stem, _, part = key.rpartition(".bn.")
        if not stem or part != _BN_PARTS[0] or f"{stem}.conv.bias" not in unfolded:
            continue
        bias = unfolded.pop(f"{stem}.conv.bias").float()
        unfolded[f"{stem}.bn.bias"] = bias
        filled[f"{stem}.bn.weight"] = torch.full_like(bias, (1.0 + BATCH_NORM_EPS) ** 0.5)
        filled[f"{stem}.bn.running_mean"] = torch.zeros_like(bias)
        filled[f"{stem}.bn.running_var"] = torch.ones_like(bias)
    return unfolded, filled
