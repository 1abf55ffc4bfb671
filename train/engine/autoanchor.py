"""Anchors that fit a set of pictures: measured, and replaced only where that helps.

Source: the rules of the original (k-means, then 1000 mutations, used below a recall of 0.98).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from train.data.store import PictureStore
from train.model import DetectionNetwork

Sizes = NDArray[np.float64]
"""Width and height in pixels, (n, 2)."""

ENOUGH = 0.98  # share of objects that an anchor reaches
_PICTURES, _LABELS = 5_000, 20_000  # more would tell the same, later
_JITTER = 0.1
_SMALLEST_PX = 2.0
_ROUNDS = 30
_GENERATIONS = 1000
_MUTATED, _SPREAD = 0.9, 0.1


@dataclass(frozen=True, slots=True)
class Reach:
    """How well anchors fit: `recall` is the share of objects that one reaches, `mean` how many."""

    recall: float
    mean: float


@dataclass(frozen=True, slots=True)
class AnchorReport:
    """What was done: `after` is None if the anchors were good enough or none better were found."""

    before: Reach
    after: Reach | None

    def __str__(self) -> str:
        """One line for a person."""
        share = f"anchors reach {self.before.recall:.1%} of the objects"
        if self.after is not None:
            return f"{share}; fitted anchors {self.after.recall:.1%}, which are used"
        if self.before.recall >= ENOUGH:
            return f"{share}, good enough"
        return f"{share}; no better ones were found, so they stay"


def fit_to_pictures(
    model: DetectionNetwork, store: PictureStore, image_size: int, anchor_t: float, seed: int
) -> AnchorReport:
    """Give `model` anchors for the objects in `store` if its own miss more than 2 % of them.

    Both of the head's buffers are changed, the weights are not.
    """
    rng = default_rng([seed, 0xA7C])
    sizes = object_sizes(store, image_size)
    sizes = sizes * rng.uniform(1 - _JITTER, 1 + _JITTER, (len(sizes), 1))
    present = np.array(model.anchors_px).reshape(-1, 2)
    before = reach(sizes, present, anchor_t)
    wanted = len(present)
    if before.recall >= ENOUGH or len(np.unique(sizes, axis=0)) < wanted:
        return AnchorReport(before, None)
    # checkpoints may be in float16: what is trained with must be what is read back
    found = fit_anchors(sizes, wanted, anchor_t, rng).astype(np.float16).astype(np.float64)
    after = reach(sizes, found, anchor_t)
    if after.recall <= before.recall:
        return AnchorReport(before, None)
    set_anchors(model, found)
    return AnchorReport(before, after)


def object_sizes(store: PictureStore, image_size: int) -> Sizes:
    """Sizes of the objects of a store, in pictures whose long side is `image_size` pixels."""
    step = max(len(store) // _PICTURES, 1)
    sizes: list[Sizes] = [np.zeros((0, 2))]
    for index in range(0, len(store), step):
        picture = store.get(index)
        boxes = picture.boxes_xyxy.astype(np.float64)
        sizes.append(
            (boxes[:, 2:] - boxes[:, :2]) * (image_size / max(picture.image_hwc.shape[:2]))
        )
    return np.concatenate(sizes)


def reach(sizes: Sizes, anchors: Sizes, anchor_t: float) -> Reach:
    """How well `anchors` (k, 2) fit `sizes`: no side may differ by a factor of `anchor_t`."""
    if not len(sizes):
        return Reach(1.0, float(len(anchors)))
    fits = _worst_ratio(sizes, anchors) > 1 / anchor_t
    return Reach(float(fits.any(axis=1).mean()), float(fits.sum(axis=1).mean()))


def fit_anchors(sizes: Sizes, count: int, anchor_t: float, rng: Generator) -> Sizes:
    """`count` anchors for `sizes`, by area: clusters, then improved by chance."""
    if len(sizes) > _LABELS:
        sizes = rng.choice(sizes, _LABELS, replace=False)
    large = sizes[(sizes >= _SMALLEST_PX).any(axis=1)]
    anchors = _clusters(large if len(large) >= count else sizes, count, rng)
    best = _fitness(sizes, anchors, anchor_t)
    for _ in range(_GENERATIONS):
        mutated = rng.random(anchors.shape) < _MUTATED
        factors = 1 + mutated * rng.random() * rng.normal(size=anchors.shape) * _SPREAD
        child = np.maximum(anchors * np.clip(factors, 0.3, 3.0), _SMALLEST_PX)
        fitness = _fitness(sizes, child, anchor_t)
        if fitness > best:
            best, anchors = fitness, child
    ordered: Sizes = anchors[anchors.prod(axis=1).argsort(kind="stable")]
    return ordered


@torch.no_grad()
def set_anchors(model: DetectionNetwork, anchors: Sizes) -> None:
    """Give a network anchors (levels x per level, 2) in pixels, smallest first."""
    head = model.head
    pixels = torch.as_tensor(anchors, dtype=torch.float32).reshape(head.anchors.shape)
    strides = torch.tensor(head.strides, dtype=torch.float32).reshape(-1, 1, 1)
    head.anchors.copy_(pixels / strides)
    head.anchor_grid.copy_(pixels.reshape(head.anchor_grid.shape))


def _worst_ratio(sizes: Sizes, anchors: Sizes) -> NDArray[np.float64]:
    """(n, k): the worse of the ratios of widths and heights, 1 where they are equal."""
    ratio = sizes[:, None] / anchors[None]
    worst: NDArray[np.float64] = np.minimum(ratio, 1 / np.maximum(ratio, 1e-9)).min(axis=2)
    return worst


def _fitness(sizes: Sizes, anchors: Sizes, anchor_t: float) -> float:
    best = _worst_ratio(sizes, anchors).max(axis=1)
    return float((best * (best > 1 / anchor_t)).mean())


def _clusters(sizes: Sizes, count: int, rng: Generator) -> Sizes:
    """Means (count, 2) of k-means, with sides divided by their deviation; k-means++ start."""
    spread = np.maximum(sizes.std(axis=0), 1e-6)
    points = sizes / spread
    means = points[rng.integers(len(points))][None]
    for _ in range(count - 1):
        far = ((points[:, None] - means[None]) ** 2).sum(axis=2).min(axis=1)
        total = far.sum()
        chosen = rng.choice(len(points), p=far / total) if total else rng.integers(len(points))
        means = np.concatenate([means, points[chosen][None]])
    for _ in range(_ROUNDS):
        nearest = ((points[:, None] - means[None]) ** 2).sum(axis=2).argmin(axis=1)
        members = np.bincount(nearest, minlength=count)[:, None]
        sums = np.stack(
            [np.bincount(nearest, points[:, side], minlength=count) for side in (0, 1)], axis=1
        )
        means = np.where(members > 0, sums / np.maximum(members, 1), means)
    clusters: Sizes = means * spread
    return clusters
