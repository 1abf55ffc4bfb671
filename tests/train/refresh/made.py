"""Detections, comparisons and pictures, made by hand."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.detections import Detections
from train.data.audit.scan import Look
from train.refresh.figures import AtThreshold, Line, SetComparison
from train.refresh.merge import Picture


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A picture's detections and truth."""

    found: Detections
    truth_xyxy: NDArray[np.float32]
    truth_classes: NDArray[np.int32]


def scored(rng: np.random.Generator, classes: int, shift_px: float) -> Scored:
    """Some true boxes, found `shift_px` beside where they are, and some false ones."""
    count = int(rng.integers(0, 5))
    corners = rng.uniform(0, 300, (count, 2))
    truth = np.concatenate([corners, corners + rng.uniform(20, 60, (count, 2))], axis=1)
    ids = rng.integers(0, classes, count).astype(np.int32)
    false = rng.uniform(0, 300, (int(rng.integers(0, 4)), 2))
    boxes = np.concatenate([truth + rng.normal(0, shift_px, truth.shape), np.tile(false, 2)])
    boxes[count:, 2:] += 40
    scores = rng.uniform(0.01, 1, len(boxes))
    order = np.argsort(-scores)
    found_ids = np.concatenate([ids, rng.integers(0, classes, len(false))])
    found = Detections(
        boxes[order].astype(np.float32),
        scores[order].astype(np.float32),
        found_ids[order].astype(np.int32),
    )
    return Scored(found, truth.astype(np.float32), ids)


def line(
    name: str = "all",
    old: float | None = 0.4,
    new: float = 0.45,
    objects: int = 100,
    interval: tuple[float, float] | None = (0.02, 0.08),
) -> Line:
    """A line of a comparison."""
    return Line(name, 50, objects, old, new, interval)


def comparison(
    title: str = "frozen test set",
    whole: Line | None = None,
    classes: tuple[Line, ...] = (),
    cameras: tuple[Line, ...] = (),
) -> SetComparison:
    """Both models on a set."""
    at = AtThreshold(0.25, 0.9, 0.8)
    return SetComparison(title, whole or line(), line(), classes, cameras, at, at)


def picture(
    name: str, split: str = "train", look: int = 0, digest: str = "", label: float = 0.5
) -> Picture:
    """A picture; those of another `look` look different, and have other bytes unless told so."""
    mini = np.random.default_rng(look).integers(0, 255, (32, 32), dtype=np.uint8)
    labels = np.array([[0, label, label, 0.2, 0.2]], dtype=np.float32)
    seen = Look((64, 64), "", (digest or name).encode(), mini, look)
    return Picture(Path("/pictures", name), name, split, labels, seen)
