"""How far a score can be taken at its word, and which threshold gives what."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 10
LOWEST_SCORE = 0.05
"""Detections below it say nothing: they are the bulk, all wrong, and would decide the mean."""

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9)
WANTED_PRECISIONS = (0.5, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Detections with scores from `low` to `high`: how many, their mean score, the share right."""

    low: float
    high: float
    detections: int
    score: float
    right: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scores against the share of detections that are right, IoU >= 0.5 in COCO's matching.

    `error` is the expected calibration error: the mean distance of the two over ten bins of equal
    width, weighed by detections. Detections below `lowest_score` are left out.
    """

    error: float
    bins: tuple[CalibrationBin, ...]
    lowest_score: float = LOWEST_SCORE


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a score threshold gives, all classes together, at IoU 0.5."""

    threshold: float
    precision: float
    recall: float
    f1: float
    false_alarms_per_picture: float


def calibrate(tp: ArrayLike, scores: ArrayLike) -> Calibration:
    """Reliability of scores (N,), given whether each detection is right (N,).

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, equation 3; for
    detections as in Küppers et al., Multivariate Confidence Calibration for Object Detection, 2020,
    by score alone.
    """
    hits, values = np.asarray(tp, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    shown = values >= LOWEST_SCORE
    hits, values = hits[shown], values[shown]
    places = np.minimum((values * BINS).astype(np.int64), BINS - 1)
    bins = []
    error = 0.0
    for place in range(BINS):
        mine = places == place
        count = int(mine.sum())
        score = float(values[mine].mean()) if count else 0.0
        right = float(hits[mine].mean()) if count else 0.0
        bins.append(CalibrationBin(place / BINS, (place + 1) / BINS, count, score, right))
        error += abs(score - right) * count / max(len(values), 1)
    return Calibration(error, tuple(bins))


def operating_points(
    tp: ArrayLike,
    scores: ArrayLike,
    labels: int,
    pictures: int,
    thresholds: Sequence[float] = THRESHOLDS,
) -> tuple[OperatingPoint, ...]:
    """What each threshold gives: detections (N,) with scores of at least so much are kept.

    Precision without detections is 1: nothing said is wrong.
    """
    order, right = _falling(tp, scores)
    points = []
    for threshold in thresholds:
        shown = int(np.searchsorted(-order, -threshold, side="right"))
        points.append(_point(threshold, int(right[shown]), shown, labels, pictures))
    return tuple(points)


def lowest_threshold(
    tp: ArrayLike, scores: ArrayLike, labels: int, pictures: int, wanted: float
) -> OperatingPoint | None:
    """The lowest threshold whose precision is at least `wanted`; None if none is."""
    order, right = _falling(tp, scores)
    # a threshold keeps all detections of its score, so only the last of equal ones can be one
    last = np.flatnonzero(np.append(order[1:] < order[:-1], len(order) > 0))
    enough = last[right[last + 1] / (last + 1.0) >= wanted]
    if not len(enough):
        return None
    shown = int(enough[-1]) + 1
    return _point(float(order[shown - 1]), int(right[shown]), shown, labels, pictures)


def _falling(tp: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Scores from the best down (N,), and how many of the first n are right (N+1,)."""
    values = np.asarray(scores, dtype=np.float64).reshape(-1)
    order = np.argsort(-values, kind="stable")
    hits = np.asarray(tp, dtype=np.int64).reshape(-1)[order]
    return values[order], np.concatenate([[0], hits.cumsum()])


def _point(threshold: float, right: int, shown: int, labels: int, pictures: int) -> OperatingPoint:
    precision = right / shown if shown else 1.0
    recall = right / labels if labels else 0.0
    both = precision + recall
    return OperatingPoint(
        threshold=threshold,
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / both if both else 0.0,
        false_alarms_per_picture=(shown - right) / pictures,
    )
