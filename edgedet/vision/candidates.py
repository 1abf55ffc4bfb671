"""Whether two backends found the same candidates, when equal scores may come in any order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SCORE, _CLASS, _RUNNER_UP = 4, 5, 6
_SLACK, _SLACK_PX = 1e-3, 1.0  # of rounding: half precision, and INT8


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far candidates may be apart: `box_px` plus `box_relative` of the coordinate, `score`."""

    box_px: float
    score: float
    box_relative: float = 3e-4


@dataclass(frozen=True, slots=True)
class CandidateDifference:
    """What comparing found: largest differences of the pairs, and rows without a partner."""

    box_px: float
    score: float
    unmatched: int
    compared: int


def implausible(candidates: NDArray[np.float32]) -> str:
    """What cannot be in candidates (..., 7) of any picture, in words; empty if nothing is wrong.

    >>> implausible(np.array([[0, 0, 10, 10, 0.9, 0, 0]], dtype=np.float32))
    ''
    >>> implausible(np.array([[10, 0, 0, 10, 0.9, 0, 0]], dtype=np.float32))
    'a box from (10, 0) to (0, 10)'
    """
    rows = candidates.reshape(-1, candidates.shape[-1])
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        return f"{int((~finite).sum())} of {len(rows)} candidates that are not finite"
    scores = rows[:, (_SCORE, _RUNNER_UP)]
    if (wrong := scores[(scores < -_SLACK) | (scores > 1.0 + _SLACK)]).size:
        return f"a score of {wrong[0]:g}"
    if (ids := rows[:, _CLASS][rows[:, _CLASS] % 1.0 != 0.0]).size:
        return f"a class id of {ids[0]:g}"
    turned = (rows[:, 2] < rows[:, 0] - _SLACK_PX) | (rows[:, 3] < rows[:, 1] - _SLACK_PX)
    if turned.any():
        x1, y1, x2, y2 = rows[turned][0, :4]
        return f"a box from ({x1:g}, {y1:g}) to ({x2:g}, {y2:g})"
    return ""


def compare_candidates(
    found: NDArray[np.float32], expected: NDArray[np.float32], tolerance: Tolerance
) -> CandidateDifference:
    """Pair the K candidates `found` (K, 7) one to one with `expected` (M, 7), M >= K, and compare.

    Each takes the nearest row within tolerance that is still free: a box and two scores single a
    prediction out, its place in the list does not, because neighbours in score swap. Rows whose
    best and second class are as good as equal may differ in the class. Where `expected` was cut off
    at its last score, a row within tolerance of that score needs no partner.

    >>> row = np.array([[0, 0, 10, 10, 0.9, 0, 0]], dtype=np.float32)
    >>> compare_candidates(row, row, Tolerance(box_px=0.1, score=1e-3))
    CandidateDifference(box_px=0.0, score=0.0, unmatched=0, compared=1)
    """
    free = np.ones(len(expected), dtype=np.bool_)
    box_px, score, unmatched = 0.0, 0.0, 0
    was_cut = len(found) == len(expected)
    last = float(expected[-1, _SCORE]) if len(expected) else 0.0
    wanted = expected.astype(np.float64)
    for row in found.astype(np.float64):
        distance = _distance(row, wanted, tolerance)
        distance[~free] = np.inf
        best = int(distance.argmin()) if len(distance) else -1
        if best >= 0 and distance[best] <= 1.0:
            free[best] = False
            box_px = max(box_px, float(np.abs(row[:_SCORE] - wanted[best, :_SCORE]).max()))
            score = max(score, float(abs(row[_SCORE] - wanted[best, _SCORE])))
        elif not (was_cut and abs(row[_SCORE] - last) <= tolerance.score):
            unmatched += 1
    return CandidateDifference(box_px, score, unmatched, len(found))


def _distance(
    row: NDArray[np.float64], expected: NDArray[np.float64], tolerance: Tolerance
) -> NDArray[np.float64]:
    """Largest difference from each row (M,) in units of the tolerance; inf: another class."""
    boxes = expected[:, :_SCORE]
    allowed_px = tolerance.box_px + tolerance.box_relative * np.abs(boxes)
    apart = (np.abs(boxes - row[:_SCORE]) / allowed_px).max(axis=1)
    for column in (_SCORE, _RUNNER_UP):
        apart = np.maximum(apart, np.abs(expected[:, column] - row[column]) / tolerance.score)
    is_tie = expected[:, _SCORE] - expected[:, _RUNNER_UP] <= tolerance.score
    is_other = (expected[:, _CLASS] != row[_CLASS]) & ~is_tie
    return np.asarray(np.where(is_other, np.inf, apart), dtype=np.float64)
