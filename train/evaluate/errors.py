"""Every mistake given one of six names, and what each name costs.

The idea is TIDE's: correct all mistakes of one kind, leave the others, and see how much AP comes
back. Source: Bolya et al., TIDE: A General Toolbox for Identifying Object Detection Errors, ECCV
2020. The matches, the order of the names and the corrections are our own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edgedet.detections import Detections
from edgedet.vision import iou_matrix
from train.evaluate.average_precision import average_precision
from train.evaluate.coco import ScoredPicture
from train.evaluate.match import matched_truths

ErrorKind = Literal["missed", "doubled", "misplaced", "confused", "both", "background"]
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)

RIGHT_IOU, TOUCH_IOU = 0.5, 0.1
"""From the first on a box is in the right place, below the second it means nothing there is."""

RIGHT = -1
"""The kind of a detection that is no mistake."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureErrors:
    """The mistakes in one picture.

    `kinds` int64 (N,): the place of each detection's mistake in `ERROR_KINDS`, or `RIGHT`;
    `targets` int64 (N,): the truth that it found or meant, -1: none; `missed` bool (M,): truths
    that no detection found or meant.
    """

    kinds: NDArray[np.int64]
    targets: NDArray[np.int64]
    missed: NDArray[np.bool_]

    def count(self, kind: ErrorKind) -> int:
        """How many mistakes of a kind there are."""
        if kind == "missed":
            return int(self.missed.sum())
        return int((self.kinds == ERROR_KINDS.index(kind)).sum())


@dataclass(frozen=True, slots=True)
class ErrorCost:
    """One kind of mistake: `cost` is the AP@50 that comes back when all of it is corrected.

    The cost counts detections of every score, `count` those above the operating score only.
    """

    kind: ErrorKind
    cost: float
    count: int


def picture_errors(
    found: Detections, truth_xyxy: NDArray[np.float32], truth_classes: NDArray[np.int32]
) -> PictureErrors:
    """The mistakes in one picture.

    A detection that COCO's matching does not accept at IoU 0.5 is, the first that applies:
    `confused` (IoU >= 0.5 with an object of another class, and more than with any of its own),
    `doubled` (IoU >= 0.5 with one that has been found), `misplaced` (IoU >= 0.1 with one of its
    class), `both` (IoU >= 0.1 with one of another class), or `background`. An object is `missed` if
    no detection found it, nor was misplaced or confused upon it.
    """
    targets = matched_truths(found, truth_xyxy, truth_classes, RIGHT_IOU)
    kinds = np.where(targets >= 0, RIGHT, ERROR_KINDS.index("background"))
    ious = iou_matrix(found.boxes_xyxy.astype(np.float64), truth_xyxy.astype(np.float64))
    same = found.class_ids[:, None] == truth_classes[None, :]
    if len(truth_classes):
        for row in np.flatnonzero(kinds != RIGHT):
            kind, target = _name(ious[row], same[row])
            kinds[row], targets[row] = ERROR_KINDS.index(kind), target
    meant = np.isin(kinds, [RIGHT, *map(ERROR_KINDS.index, ("misplaced", "confused"))])
    missed = np.ones(len(truth_classes), dtype=np.bool_)
    missed[targets[meant]] = False
    return PictureErrors(kinds.astype(np.int64), targets, missed)


def _name(ious: NDArray[np.float64], same: NDArray[np.bool_]) -> tuple[ErrorKind, int]:
    """The mistake of one detection and the truth that it meant; see `picture_errors`."""
    own, other = np.where(same, ious, -1.0), np.where(same, -1.0, ious)
    best, foreign = int(own.argmax()), int(other.argmax())
    if other[foreign] >= RIGHT_IOU and other[foreign] > own[best]:
        return "confused", foreign
    if own[best] >= RIGHT_IOU:
        return "doubled", best
    if own[best] >= TOUCH_IOU:
        return "misplaced", best
    if other[foreign] >= TOUCH_IOU:
        return "both", foreign
    return "background", -1


def error_costs(pictures: Sequence[ScoredPicture], operating_score: float) -> tuple[ErrorCost, ...]:
    """What each kind of mistake costs, the dearest first.

    Args:
        pictures: Detections of every score, and truth.
        operating_score: Mistakes below it are not counted; they do cost.
    """
    pool = _Pool.of(pictures)
    before = pool.ap50()
    shown = [
        picture_errors(above(p.found, operating_score), p.truth_xyxy, p.truth_classes)
        for p in pictures
    ]
    costs = [
        ErrorCost(kind, pool.corrected(kind).ap50() - before, sum(one.count(kind) for one in shown))
        for kind in ERROR_KINDS
    ]
    return tuple(sorted(costs, key=lambda one: -one.cost))


def above(found: Detections, score: float) -> Detections:
    """The detections that reach a score."""
    keep = found.scores >= score
    return Detections(found.boxes_xyxy[keep], found.scores[keep], found.class_ids[keep])


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """The detections and truths of all pictures; `targets` are numbers in `truth_classes`."""

    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    kinds: NDArray[np.int64]
    targets: NDArray[np.int64]
    truth_classes: NDArray[np.int32]
    missed: NDArray[np.bool_]

    @classmethod
    def of(cls, pictures: Sequence[ScoredPicture]) -> "_Pool":
        errors = [picture_errors(p.found, p.truth_xyxy, p.truth_classes) for p in pictures]
        starts = np.cumsum([0, *(len(p.truth_classes) for p in pictures)])
        targets = [
            np.where(one.targets >= 0, one.targets + start, -1)
            for one, start in zip(errors, starts, strict=False)
        ]
        return cls(
            np.concatenate([p.found.scores for p in pictures]),
            np.concatenate([p.found.class_ids for p in pictures]),
            np.concatenate([one.kinds for one in errors]),
            np.concatenate(targets),
            np.concatenate([p.truth_classes for p in pictures]),
            np.concatenate([one.missed for one in errors]),
        )

    def ap50(self) -> float:
        """AP@50 as it stands."""
        right = self.kinds == RIGHT
        return average_precision(right, self.scores, self.class_ids, self.truth_classes).ap50

    def corrected(self, kind: ErrorKind) -> "_Pool":
        """The pool without the mistakes of one kind; see the module for the idea.

        Misplaced and confused detections get the box and class that they meant; if several then
        hold one object, that with the best score stays. Missed objects are taken off the list, the
        other kinds off the detections.
        """
        wrong = self.kinds == ERROR_KINDS.index(kind)
        if kind == "missed":
            return self._of(np.ones(len(self.scores), np.bool_), self.kinds, ~self.missed)
        every = np.ones(len(self.truth_classes), np.bool_)
        if kind not in {"misplaced", "confused"}:
            return self._of(~wrong, self.kinds, every)
        holders = np.flatnonzero(wrong | (self.kinds == RIGHT))
        holders = holders[np.argsort(-self.scores[holders], kind="stable")]
        _, first = np.unique(self.targets[holders], return_index=True)
        keep = ~wrong & (self.kinds != RIGHT)
        keep[holders[first]] = True
        return self._of(keep, np.where(wrong, RIGHT, self.kinds), every)

    def _of(
        self, keep: NDArray[np.bool_], kinds: NDArray[np.int64], truths: NDArray[np.bool_]
    ) -> "_Pool":
        """The detections `keep` with other kinds; right ones get the class that they found."""
        right = (kinds == RIGHT)[keep]
        targets, class_ids = self.targets[keep], self.class_ids[keep].copy()
        class_ids[right] = self.truth_classes[targets[right]]
        return _Pool(
            self.scores[keep],
            class_ids,
            kinds[keep],
            targets,
            self.truth_classes[truths],
            self.missed[truths],
        )
