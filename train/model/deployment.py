"""A checkpoint in the form that only runs: everything folded, and proven to answer the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from edgedet.errors import ModelError
from train.model.checkpoint import CheckpointInfo
from train.model.network import DetectionNetwork
from train.model.reparameterise import fuse
from train.model.saving import CheckpointContent, save_checkpoint
from train.model.weights import load_model

TOLERANCE = 1e-4

_PICTURES = 2
_SIDE = 256
_COARSE = 16
_SEED = 2024


@dataclass(frozen=True, slots=True)
class Reparameterised:
    """What folding did.

    Attributes:
        name: The member of the family.
        parameters: Before and after.
        box: Largest move of a box's side, as a share of the picture's side or, where that is
            larger, of the box's.
        score: Largest difference of an objectness or class probability.
    """

    name: str
    parameters: tuple[int, int]
    box: float
    score: float


def reparameterise(weights: Path, out: Path) -> Reparameterised:
    """Write the checkpoint `weights` to `out` with everything folded that only training needs.

    Both networks answer for random pictures in double precision, so that what differs is what
    folding and rounding to float32 changed, not the order of sums. Only if they agree is `out`
    written.

    Raises:
        ModelError: If the file cannot be used or written, or the outputs differ by more than
            `TOLERANCE`.
    """
    model, info = load_model(weights)
    folded = fuse(model)
    result = compare(model, folded)
    if not max(result.box, result.score) <= TOLERANCE:  # a NaN too is refused
        message = (
            f"cannot reparameterize {weights}: folded, its boxes move by {result.box:.2g} of the "
            f"picture and its scores by {result.score:.2g}, expected at most {TOLERANCE}; its "
            "normalisation has extreme statistics, train it on and use a later checkpoint"
        )
        raise ModelError(message)
    metadata = dict(info.metadata) | {"reparameterized_from": weights.name}
    save_checkpoint(out, folded, CheckpointContent(class_names(info), metadata=metadata))
    return result


def class_names(info: CheckpointInfo) -> Sequence[str]:
    """The names in a checkpoint; made-up ones where it has none."""
    return info.names or [f"class-{index}" for index in range(info.num_classes)]


@torch.inference_mode()
def compare(model: DetectionNetwork, folded: DetectionNetwork) -> Reparameterised:
    """How far `folded` is from `model`, both in eval mode; float32 before and afterwards."""
    images = _pictures(max(model.strides))
    wanted, got = (_double(network, images) for network in (model, folded))
    scale = wanted[..., 2:4].amax(-1, keepdim=True).clamp(min=images.shape[-1])
    parameters = [sum(p.numel() for p in network.parameters()) for network in (model, folded)]
    return Reparameterised(
        model.architecture.name,
        (parameters[0], parameters[1]),
        box=((got - wanted)[..., :4].abs() / scale).max().item(),
        score=(got - wanted)[..., 4:].abs().max().item(),
    )


def _double(network: DetectionNetwork, images: Tensor) -> Tensor:
    try:
        out: Tensor = network.double()(images)
    finally:
        network.float()  # exact: every number came from float32
    return out


def _pictures(stride: int) -> Tensor:
    """Random pictures of coarse blocks and noise, float64 (N, 3, side, side) in [0, 1]."""
    generator = torch.Generator().manual_seed(_SEED)
    side = max(_SIDE // stride, 1) * stride
    coarse = torch.rand(_PICTURES, 3, _COARSE, _COARSE, generator=generator, dtype=torch.float64)
    fine = torch.rand(_PICTURES, 3, side, side, generator=generator, dtype=torch.float64)
    return 0.5 * F.interpolate(coarse, size=(side, side)) + 0.5 * fine
