"""Folding normalisation and branches into convolutions by the names of weights alone, and back."""

from collections.abc import Mapping

import torch
from torch import Tensor

from train.model.blocks import BATCH_NORM_EPS, Normalisation
from train.model.compound import merge_branches

_BN_PARTS = ("weight", "bias", "running_mean", "running_var")
_DENSE, _POINTWISE, _SINGLE = "rbr_dense", "rbr_1x1", "rbr_reparam"


def fold_normalisation(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of the same network without normalisation and with single branches.

    Raises:
        KeyError: If a part of a normalisation is missing.
    """
    folded: dict[str, Tensor] = {}
    for key, value in weights.items():
        stem, _, part = key.rpartition(".bn.")
        block, _, branch = key.partition(f".{_DENSE}.")
        if stem:
            if part == _BN_PARTS[0]:
                norm = _norm(weights, f"{stem}.bn")
                weight, bias = norm.fold_into(weights[f"{stem}.conv.weight"])
                folded[f"{stem}.conv.weight"] = weight
                folded[f"{stem}.conv.bias"] = bias
        elif branch == "0.weight":
            pointwise = f"{block}.{_POINTWISE}"
            weight, bias = merge_branches(
                (value, _norm(weights, f"{block}.{_DENSE}.1")),
                (weights[f"{pointwise}.0.weight"], _norm(weights, f"{pointwise}.1")),
            )
            folded[f"{block}.{_SINGLE}.weight"] = weight
            folded[f"{block}.{_SINGLE}.bias"] = bias
        elif not branch and f".{_POINTWISE}." not in key:
            folded.setdefault(key, value)
    return folded


def unfold_normalisation(
    weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Folded weights under the names of `wanted`, and the neutral values of what they lack."""
    unfolded = dict(weights)
    filled: dict[str, Tensor] = {}
    for key in wanted:
        stem, _, part = key.rpartition(".bn.")
        if stem and part == _BN_PARTS[0] and f"{stem}.conv.bias" in unfolded:
            bias = unfolded.pop(f"{stem}.conv.bias").float()
            unfolded[f"{stem}.bn.bias"] = bias
            filled |= _neutral(f"{stem}.bn", bias)
        block, _, branch = key.partition(f".{_DENSE}.")
        if branch == "0.weight" and f"{block}.{_SINGLE}.bias" in unfolded:
            weight = unfolded.pop(f"{block}.{_SINGLE}.weight")
            bias = unfolded.pop(f"{block}.{_SINGLE}.bias").float()
            unfolded[key] = weight
            unfolded[f"{block}.{_DENSE}.1.bias"] = bias
            filled |= _neutral(f"{block}.{_DENSE}.1", bias)
            pointwise = f"{block}.{_POINTWISE}"
            filled[f"{pointwise}.0.weight"] = torch.zeros_like(weight[:, :, :1, :1]).float()
            filled |= _neutral(f"{pointwise}.1", bias)
            filled[f"{pointwise}.1.bias"] = torch.zeros_like(bias)
    return unfolded, filled


def _norm(weights: Mapping[str, Tensor], prefix: str) -> Normalisation:
    gamma, beta, mean, var = (weights[f"{prefix}.{part}"] for part in _BN_PARTS)
    return Normalisation(gamma, beta, mean, var)


def _neutral(prefix: str, like: Tensor) -> dict[str, Tensor]:
    """What makes a normalisation add its bias and nothing else."""
    return {
        f"{prefix}.weight": torch.full_like(like, (1.0 + BATCH_NORM_EPS) ** 0.5),
        f"{prefix}.running_mean": torch.zeros_like(like),
        f"{prefix}.running_var": torch.ones_like(like),
    }
