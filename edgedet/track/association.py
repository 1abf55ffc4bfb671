"""Which detection is which object that is being followed: one frame, without memory.

In the manner of ByteTrack: strong detections first, then the weak ones for objects that were seen a
moment ago, as someone half hidden is a weak detection. Overlap says how well a pair fits, height
and, where they are known, colours too. Objects without any overlap may be reached from where they
should be by now.
Source: Y. Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV
2022; the height from F. Yang et al., "Hybrid-SORT", AAAI 2024.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgedet.track.assignment import assign
from edgedet.vision.boxes import iou_matrix

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Tuned on frames 1-400 of PETS09-S2L1 at 10 and at 5 frames/s: docs/analytics.md
_STRONG_IOU = 0.1
_WEAK_IOU = 0.4
_CANDIDATE_IOU = 0.3
_LOOK_WEIGHT = 0.5
_SAME_LOOK = 0.5  # likeness at which colours begin to speak for a pair
_REACH = 2.5  # standard deviations
_REACH_HEIGHT = 0.6  # least ratio of heights of a pair without overlap
_REACH_LOOK = 0.75
_UNLIKE = 0.4  # likeness below which colours forbid a pair, however well it fits


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """The M objects that are followed, as expected now. Boxes (M, 4), `looks` (M, L) or None.

    `spread` (M,) is how far a detection may be off; confirmed objects have been reported,
    `is_fresh` ones were seen in the frame before.
    """

    boxes_xyxy: Floats
    spread: Floats
    class_ids: NDArray[np.int32]
    looks: Floats | None
    is_confirmed: Flags
    is_fresh: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The N detections of a frame. `is_strong` ones are sure, `may_start` ones count by themselves.

    All others only carry on what is known already. `looks` (N, L) are None where colours do not
    count; `look_at` finds those of some, by their rows.
    """

    boxes_xyxy: Floats
    scores: Floats
    class_ids: NDArray[np.int32]
    looks: Floats | None
    is_strong: Flags
    may_start: Flags
    look_at: Callable[[NDArray[np.int64]], Floats] | None = None

    def __len__(self) -> int:
        """Number of detections."""
        return len(self.scores)

    def seen_by(self, expected: Expected) -> "Found":
        """With the looks of all that may become or carry on an object; zeros for the others.

        To look costs more than anything else here, and most weak detections are nowhere near.
        """
        if self.look_at is None:
            return self
        matters = self.is_strong | self.may_start
        if len(expected.spread):
            ours = expected.boxes_xyxy[expected.is_confirmed & expected.is_fresh]
            matters |= (iou_matrix(ours, self.boxes_xyxy) > _WEAK_IOU).any(axis=0)
        rows = np.flatnonzero(matters)
        seen = self.look_at(rows)
        looks = np.zeros((len(self), seen.shape[1]))
        looks[rows] = seen
        return replace(self, looks=looks)


def associate(expected: Expected, found: Found) -> list[tuple[int, int]]:
    """Pairs (object, detection); each at most once, and of one class."""
    if len(expected.spread) == 0 or len(found) == 0:
        return []
    fit = _Fit.of(expected, found)
    confirmed, candidate = expected.is_confirmed, ~expected.is_confirmed
    strong, weak = found.is_strong, ~found.is_strong
    stages: tuple[tuple[Flags, Flags, Callable[[], Floats]], ...] = (
        (confirmed, strong, lambda: fit.overlap(_STRONG_IOU, found.scores)),
        (confirmed & expected.is_fresh, weak, lambda: fit.overlap(_WEAK_IOU, 1.0)),
        (confirmed, strong, fit.reach),
        (candidate, found.may_start, lambda: fit.overlap(_CANDIDATE_IOU, found.scores)),
        (candidate, strong, fit.reach),
    )
    is_one_class = expected.class_ids[:, None] == found.class_ids[None, :]
    free_rows, free_columns = np.ones(len(confirmed), np.bool_), np.ones(len(found), np.bool_)
    pairs: list[tuple[int, int]] = []
    for rows, columns, gains in stages:
        free = (rows & free_rows)[:, None] & (columns & free_columns)[None, :] & is_one_class
        if not free.any():
            continue
        for row, column in assign(np.where(free, gains(), 0.0)):
            pairs.append((row, column))
            free_rows[row] = free_columns[column] = False
    return pairs


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """How well every pair (M, N) fits. `likeness` is None without colours."""

    iou: Floats
    height_ratio: Floats
    distance: Floats
    likeness: Floats | None

    @classmethod
    def of(cls, expected: Expected, found: Found) -> "_Fit":
        ours, theirs = expected.boxes_xyxy, found.boxes_xyxy
        our_height, their_height = ours[:, 3] - ours[:, 1], theirs[:, 3] - theirs[:, 1]
        low = np.minimum(our_height[:, None], their_height[None, :])
        high = np.maximum(our_height[:, None], their_height[None, :])
        apart = _centres(ours)[:, None, :] - _centres(theirs)[None, :, :]
        likeness = None
        if expected.looks is not None and found.looks is not None:
            likeness = expected.looks @ found.looks.T
        return cls(
            iou=iou_matrix(ours, theirs),
            height_ratio=low / np.maximum(high, np.finfo(np.float64).tiny),
            distance=np.hypot(apart[..., 0], apart[..., 1]) / expected.spread[:, None],
            likeness=likeness,
        )

    def overlap(self, least_iou: float, scores: Floats | float) -> Floats:
        """What a pair that overlaps by more than `least_iou` is worth, at most 1; 0: no pair."""
        gain = np.where(self.iou > least_iou, self.iou * self.height_ratio * scores, 0.0)
        if self.likeness is not None:
            alike = np.clip((self.likeness - _SAME_LOOK) / (1 - _SAME_LOOK), 0.0, 1.0)
            gain = (1 - _LOOK_WEIGHT) * gain + _LOOK_WEIGHT * alike
            gain = np.where((self.likeness > _UNLIKE) & (self.iou > least_iou), gain, 0.0)
        return gain

    def reach(self) -> Floats:
        """What a pair is worth by distance alone; 0: out of reach."""
        gain = 1 - self.distance / _REACH
        is_near = (gain > 0) & (self.height_ratio > _REACH_HEIGHT)
        if self.likeness is not None:
            gain = (1 - _LOOK_WEIGHT) * gain + _LOOK_WEIGHT * self.likeness
            is_near &= self.likeness > _REACH_LOOK
        return np.where(is_near, gain, 0.0)


def _centres(boxes_xyxy: Floats) -> Floats:
    return (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
