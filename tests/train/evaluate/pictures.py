"""Random pictures with truths and detections, as values and as a Hypothesis strategy."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgedet.detections import Detections


@dataclass(frozen=True)
class Scene:
    """What `train.evaluate.PictureResult` says of a picture, without a file."""

    found: Detections
    truth_xyxy: NDArray[np.float32]
    truth_classes: NDArray[np.int32]


def scene(
    found: list[tuple[list[float], float, int]], truth: list[tuple[list[float], int]]
) -> Scene:
    """A picture of detections (box, score, class id), best first, and truths (box, class id)."""
    return Scene(
        Detections(
            np.array([box for box, _, _ in found], np.float32).reshape(-1, 4),
            np.array([score for _, score, _ in found], np.float32),
            np.array([class_id for _, _, class_id in found], np.int32),
        ),
        np.array([box for box, _ in truth], np.float32).reshape(-1, 4),
        np.array([class_id for _, class_id in truth], np.int32),
    )


def random_scene(
    rng: np.random.Generator, classes: int, truths: int = 8, detections: int = 20
) -> Scene:
    """Up to so many truths of 8 to 160 px, and detections near some and elsewhere; scores tie."""
    count = int(rng.integers(0, truths + 1))
    corner = rng.uniform(0, 300, (count, 2))
    truth = np.concatenate([corner, corner + rng.uniform(8, 160, (count, 2))], axis=1)
    ids = rng.integers(0, classes, count)
    near = rng.integers(0, count, int(rng.integers(0, detections))) if count else np.empty(0, int)
    boxes = truth[near] + rng.normal(0, 6, (len(near), 4))
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
    corner = rng.uniform(0, 300, (4, 2))
    boxes = np.concatenate([boxes, np.hstack([corner, corner + rng.uniform(9, 99, (4, 2))])])
    found_ids = np.concatenate([ids[near], rng.integers(0, classes, 4)])
    flips = rng.random(len(found_ids)) < 0.1
    found_ids[flips] = rng.integers(0, classes, int(flips.sum()))
    scores = rng.integers(1, 20, len(boxes)).astype(np.float32) / np.float32(20)
    order = np.argsort(-scores, kind="stable")
    found = Detections(
        boxes[order].astype(np.float32), scores[order], found_ids[order].astype(np.int32)
    )
    return Scene(found, truth.astype(np.float32), ids.astype(np.int32))


def random_scenes(seed: int, count: int, classes: int) -> list[Scene]:
    """Several of them, some without truths."""
    rng = np.random.default_rng(seed)
    return [random_scene(rng, classes) for _ in range(count)]


def scenes() -> st.SearchStrategy[list[Scene]]:
    """One to four pictures of two classes."""
    return st.builds(random_scenes, st.integers(0, 2**32 - 1), st.integers(1, 4), st.just(2))
