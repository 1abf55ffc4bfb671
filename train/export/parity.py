"""Proof that the exported graph computes what the network computes, on every backend there is.

The reference is the network itself with its weights rounded as the file stores them: its own head,
its own decode, all predictions. The file's candidates must be the best K of these.
"""

import logging
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from edgedet.vision import Tolerance, compare_candidates, cxcywh_to_xyxy
from train.evaluate.backends import BundlePredictor, bundle_backends
from train.model import DetectionNetwork, fuse

logger = logging.getLogger(__name__)

# float32 sums in another order, over 58 layers; boxes of large anchors feel it most.
TOLERANCE = Tolerance(box_px=0.15, score=3e-4)

_COARSE_PX, _FINE_PX = 32, 8
_FINE_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class BackendParity:
    """Largest differences between a backend and the network, over all candidates."""

    backend: str
    box_px: float
    score: float


def check_parity(
    bundle: Bundle, model: DetectionNetwork, images_nhwc: NDArray[np.uint8]
) -> tuple[BackendParity, ...]:
    """Run the bundle on all installed backends and compare all its candidates with `model`.

    Raises:
        ModelError: If a backend fails or is out of tolerance.
    """
    reference = reference_candidates(model, images_nhwc)
    results = []
    for backend in bundle_backends():
        predictor = BundlePredictor(bundle, backend, max_batch=len(images_nhwc))
        try:
            found = predictor.infer(images_nhwc)
        finally:
            predictor.close()
        results.append(compare_with_network(backend, found, reference))
        logger.info("parity %s: %s", bundle.folder, results[-1])
    return tuple(results)


def compare_with_network(
    backend: str, found: NDArray[np.float32], reference: NDArray[np.float32]
) -> BackendParity:
    """How far candidates `found` (N, K, 7) are from `reference_candidates` of the same pictures.

    Raises:
        ModelError: If they are out of tolerance.
    """
    count = found.shape[1]
    box_px = score = 0.0
    for picture, (rows, expected) in enumerate(zip(found, reference, strict=True)):
        ranks = np.abs(rows[:, 4] - expected[:count, 4]).max()
        result = compare_candidates(rows, expected, TOLERANCE)
        if result.unmatched or not ranks <= TOLERANCE.score:
            msg = (
                f"{backend} does not compute what the network computes: on test picture {picture} "
                f"{result.unmatched} of {count} candidates match no prediction within "
                f"{TOLERANCE.box_px} px and {TOLERANCE.score} of score (ranked scores differ by up "
                f"to {ranks:.2g}); do not use this model, and report it with the checkpoint"
            )
            raise ModelError(msg)
        box_px, score = max(box_px, result.box_px), max(score, result.score)
    return BackendParity(backend, box_px, score)


@torch.inference_mode()
def reference_candidates(
    model: DetectionNetwork, images_nhwc: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """All predictions of `model`, weights rounded, as candidates (N, A, 7), best score first."""
    network = rounded(model)
    images = torch.from_numpy(images_nhwc).permute(0, 3, 1, 2).float() / 255.0
    decoded: NDArray[np.float32] = network(images).numpy()
    boxes = cxcywh_to_xyxy(decoded[..., :4])
    objectness, classes = decoded[..., 4:5], decoded[..., 5:]
    if classes.shape[-1] == 1:
        rest = np.zeros((*decoded.shape[:2], 2), dtype=np.float32)
        rows = np.concatenate([boxes, objectness, rest], axis=-1)
    else:
        ids = classes.argmax(axis=-1)[..., None].astype(np.float32)
        ranked = np.sort(objectness * classes, axis=-1)
        rows = np.concatenate([boxes, ranked[..., -1:], ids, ranked[..., -2:-1]], axis=-1)
    order = np.argsort(-rows[..., 4], axis=1, kind="stable")
    return np.take_along_axis(rows, order[..., None], axis=1)


def rounded(model: DetectionNetwork) -> DetectionNetwork:
    """A fused float32 copy whose convolution weights have been through float16, as in the file."""
    network = fuse(model).float().cpu()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.copy_(module.weight.half())
    return network


def pattern_images(image_hw: tuple[int, int], count: int, seed: int) -> NDArray[np.uint8]:
    """Pictures (count, H, W, 3) of coloured blocks, large and small; they compress well."""
    rng = np.random.default_rng(seed)
    layers = []
    for cell in (_COARSE_PX, _FINE_PX):
        size = (count, -(-image_hw[0] // cell), -(-image_hw[1] // cell), 3)
        blocks = rng.integers(0, 256, size).repeat(cell, axis=1).repeat(cell, axis=2)
        layers.append(blocks[:, : image_hw[0], : image_hw[1]])
    mixed = (1 - _FINE_SHARE) * layers[0] + _FINE_SHARE * layers[1]
    return mixed.astype(np.uint8)
