"""What is usual for a camera, and whether the last minutes are not: pure functions on a value.

Three numbers of each frame: how many objects, how sure the model is of them, how large they are.
A slow mean and variance say what is usual, a fast mean says what is now.
"""

from dataclasses import dataclass, replace

import numpy as np

from edgedet.sample.view import Proposals

USUAL_FRAMES = 5000
"""Frames over which the usual is averaged, with falling weight."""
NOW_FRAMES = 100
WARM_UP_FRAMES = 500
"""Before so many frames nothing is known to be usual."""
_FEATURES = ("count", "score", "size")


@dataclass(frozen=True, slots=True)
class CameraStatistics:
    """The figures so far. Each tuple has a value for count, score and size."""

    frames: int = 0
    usual: tuple[float, ...] = (0.0, 0.0, 0.0)
    variance: tuple[float, ...] = (0.0, 0.0, 0.0)
    now: tuple[float, ...] = (0.0, 0.0, 0.0)


def observe(known: CameraStatistics, seen: Proposals, threshold: float) -> CameraStatistics:
    """The figures with one frame more."""
    values = _values(known, seen.above(threshold))
    frames = known.frames + 1
    slow = max(1.0 / frames, 1.0 / USUAL_FRAMES)
    fast = max(1.0 / frames, 1.0 / NOW_FRAMES)
    usual, variance, now = [], [], []
    for index, value in enumerate(values):
        apart = value - known.usual[index]
        usual.append(known.usual[index] + slow * apart)
        variance.append((1 - slow) * (known.variance[index] + slow * apart * apart))
        now.append(known.now[index] + fast * (value - known.now[index]))
    return CameraStatistics(frames, tuple(usual), tuple(variance), tuple(now))


def deviations(known: CameraStatistics) -> dict[str, float]:
    """How far the last frames are from what is usual, in standard deviations of their mean.

    Zeros while too little is known. Frames follow each other and are alike, so `NOW_FRAMES` of them
    say less than as many throws of a die: a tenth is taken for independent.
    """
    if known.frames < WARM_UP_FRAMES:
        return dict.fromkeys(_FEATURES, 0.0)
    independent = NOW_FRAMES / 10
    found = {}
    for index, name in enumerate(_FEATURES):
        spread = max(float(np.sqrt(known.variance[index] / independent)), 1e-3)
        found[name] = abs(known.now[index] - known.usual[index]) / spread
    return found


def settled(known: CameraStatistics) -> CameraStatistics:
    """The figures once a drift was told: what is now is taken for usual, so it is told once."""
    return replace(known, usual=known.now)


def _values(known: CameraStatistics, objects: Proposals) -> tuple[float, float, float]:
    """Count, mean score and mean size; a frame without objects says nothing of the last two."""
    if not len(objects):
        return 0.0, known.now[1], known.now[2]
    widths = objects.boxes_xyxy[:, 2] - objects.boxes_xyxy[:, 0]
    heights = objects.boxes_xyxy[:, 3] - objects.boxes_xyxy[:, 1]
    size = float(np.log(np.maximum(widths * heights, 1.0)).mean())
    return float(len(objects)), float(objects.scores.mean()), size
