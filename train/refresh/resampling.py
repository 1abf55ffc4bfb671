"""AP of chosen pictures, as often as one likes: detections are matched once, pictures are weighed.

Matching happens inside a picture, so a sample of pictures with repetition is a weight for each.
That makes a bootstrap cheap: how far would a difference have moved with other pictures?
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.evaluate.coco import ScoredPicture
from train.evaluate.curves import best_precision
from train.evaluate.match import match_detections

DRAWS = 300
_SEED = 2022
_TAILS = (2.5, 97.5)  # percent: what lies between is the 95 % interval


@dataclass(frozen=True, slots=True, eq=False)
class ClassEvidence:
    """Detections of one class over all pictures, best score first.

    `pictures` int64 (N,): where each was found; `scores` float32 (N,). `rows` int64 (R,): those
    that are right at some IoU threshold, and `hits` bool (R, 10) at which: precision is best where
    something right is found, so nothing else need be looked at. `truths` int64 (P,): objects in
    each picture.
    """

    pictures: NDArray[np.int64]
    scores: NDArray[np.float32]
    rows: NDArray[np.int64]
    hits: NDArray[np.bool_]
    truths: NDArray[np.int64]

    def ap(self, weights: NDArray[np.int64], thresholds: slice = slice(None)) -> float:
        """AP in COCO's way, each picture counted `weights` (P,) times; not-a-number: no objects.

        `thresholds` are places among 0.50 … 0.95; all of them give AP@50:95.
        """
        count = int(self.truths @ weights)
        if not count:
            return float("nan")
        own = weights[self.pictures]
        shown = np.maximum(own.cumsum()[self.rows], 1)
        right = (self.hits[:, thresholds] * own[self.rows, None]).cumsum(axis=0)
        precision, recall = right / shown[:, None], right / count
        columns = range(right.shape[1])
        return float(np.mean([best_precision(recall[:, t], precision[:, t]) for t in columns]))

    def at(self, threshold: float) -> tuple[int, int]:
        """How many detections reach a score, and how many of them are right at IoU 0.5."""
        shown = self.scores >= threshold
        return int(shown.sum()), int(self.hits[shown[self.rows], 0].sum())


def gather(pictures: Sequence[ScoredPicture], class_count: int) -> list[ClassEvidence]:
    """The evidence of each class in what a model found in `pictures`."""
    hits = np.concatenate(
        [match_detections(p.found, p.truth_xyxy, p.truth_classes) for p in pictures]
    )
    scores = np.concatenate([one.found.scores for one in pictures])
    classes = np.concatenate([one.found.class_ids for one in pictures])
    where = np.repeat(np.arange(len(pictures)), [len(one.found) for one in pictures])
    order = np.argsort(-scores.astype(np.float64), kind="stable")
    found = []
    for class_id in range(class_count):
        mine = order[classes[order] == class_id]
        truths = [int((one.truth_classes == class_id).sum()) for one in pictures]
        rows = np.flatnonzero(hits[mine].any(axis=1))
        right = hits[mine[rows]]
        found.append(ClassEvidence(where[mine], scores[mine], rows, right, np.array(truths)))
    return found


def mean_ap(
    evidence: Sequence[ClassEvidence],
    weights: NDArray[np.int64],
    thresholds: slice = slice(None),
) -> float:
    """The mean of the classes that have objects; not-a-number: none has."""
    values = np.array([one.ap(weights, thresholds) for one in evidence])
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")


def gain_interval(
    old: Sequence[ClassEvidence],
    new: Sequence[ClassEvidence],
    among: NDArray[np.bool_],
    draws: int = DRAWS,
) -> tuple[float, float] | None:
    """Where 95 % of the gains in AP@50:95 lie when pictures are drawn anew, the same for both.

    Args:
        old: Evidence of the old model, a class each.
        new: That of the new one, on the same pictures.
        among: The pictures (P,) to draw from.
        draws: How often.

    None for a single picture, which cannot be drawn otherwise. Source: percentile bootstrap of
    paired differences, Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13.
    """
    places = np.flatnonzero(among)
    if len(places) < 2:
        return None
    rng = np.random.default_rng(_SEED)
    gains = []
    for _ in range(draws):
        drawn = rng.choice(places, len(places))
        weights = np.bincount(drawn, minlength=len(among)).astype(np.int64)
        gains.append(mean_ap(new, weights) - mean_ap(old, weights))
    known = [gain for gain in gains if not np.isnan(gain)]
    if not known:
        return None
    low, high = np.percentile(known, _TAILS).tolist()
    return float(low), float(high)
