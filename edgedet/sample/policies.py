"""Reasons to keep a frame, as pure functions of what the model saw in it.

Each answers with the proposals that are the reason, strongest first; none of them, no reason. The
first four are what Roboflow calls so (roboflow/inference, core/active_learning/samplers), but see
candidates below the threshold too.
"""

import numpy as np
from numpy.typing import NDArray

from edgedet.sample.view import Proposals
from edgedet.vision.boxes import iou_matrix

SAME_OBJECT_IOU = 0.3
"""Two boxes of one class that overlap by so much are one object, in another frame or model."""


def close_to_threshold(
    seen: Proposals, *, threshold: float, epsilon: float, minimum_objects: int = 1
) -> Proposals:
    """Proposals whose score is less than `epsilon` away from `threshold`, nearest first."""
    distance = np.abs(seen.scores.astype(np.float64) - threshold)
    near = _ordered(seen, distance, distance < epsilon)
    return near if len(near) >= minimum_objects else _none(seen)


def of_number(seen: Proposals, *, more_than: int | None, less_than: int | None) -> bool:
    """Whether there are more than and less than so many; both borders are outside."""
    is_more = more_than is None or len(seen) > more_than
    return is_more and (less_than is None or len(seen) < less_than)


def small_margin(seen: Proposals, *, margin: float, minimum_score: float) -> Proposals:
    """Proposals whose best and second class are nearer than `margin`, nearest first.

    Says nothing about a model of one class: its second class has a score of 0.
    """
    apart = seen.scores.astype(np.float64) - seen.runners_up
    doubtful = (seen.scores >= minimum_score) & (seen.runners_up > 0) & (apart < margin)
    return _ordered(seen, apart, doubtful)


def entropy_bits(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """How little is known of whether there is an object, (N,) in bits: 1 at 0.5, 0 at 0 and 1."""
    share = np.clip(scores.astype(np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(-share * np.log2(share) - (1 - share) * np.log2(1 - share))


def high_entropy(seen: Proposals, *, minimum_entropy: float, minimum_score: float) -> Proposals:
    """All proposals from `minimum_score` on, most doubtful first, if their bits sum up to enough.

    The sum, not the mean: a frame with many doubtful objects teaches more than one with a single.
    """
    bits = entropy_bits(seen.scores)
    counted = seen.scores >= minimum_score
    if not counted.any() or bits[counted].sum() < minimum_entropy:
        return _none(seen)
    return _ordered(seen, -bits, counted)


def disagreement(
    one: Proposals, other: Proposals, *, threshold: float, minimum_score: float
) -> Proposals:
    """What one of two models is sure of and the other does not see, best score first.

    Sure: above `threshold`. Not seen: no proposal of that class there from `minimum_score` on, so
    that a score just above in one and just below in the other is no disagreement.
    """
    lone_one = _without_partner(one.above(threshold), other.where(other.scores >= minimum_score))
    lone_other = _without_partner(other.above(threshold), one.where(one.scores >= minimum_score))
    both = Proposals(
        np.concatenate([lone_one.boxes_xyxy, lone_other.boxes_xyxy]),
        np.concatenate([lone_one.scores, lone_other.scores]),
        np.concatenate([lone_one.class_ids, lone_other.class_ids]),
        np.concatenate([lone_one.runners_up, lone_other.runners_up]),
    )
    return _ordered(both, -both.scores.astype(np.float64), np.ones(len(both), dtype=np.bool_))


def flicker(before: Proposals, now: Proposals, after: Proposals, *, threshold: float) -> Proposals:
    """Objects of `before` that are in `after`, at nearly the same place, and not in between.

    They were most likely there: a miss of the model. Best score first.
    """
    old, new = before.above(threshold), after.above(threshold)
    came_back = old.where(_has_partner(old, new))
    missed = _without_partner(came_back, now.above(threshold))
    return _ordered(missed, -missed.scores.astype(np.float64), np.ones(len(missed), np.bool_))


def _has_partner(some: Proposals, others: Proposals) -> NDArray[np.bool_]:
    """Which of `some` overlap one of `others` of their class, (N,)."""
    if not len(some) or not len(others):
        return np.zeros(len(some), dtype=np.bool_)
    overlap = iou_matrix(some.boxes_xyxy, others.boxes_xyxy)
    same = some.class_ids[:, None] == others.class_ids[None, :]
    return np.asarray(((overlap >= SAME_OBJECT_IOU) & same).any(axis=1))


def _without_partner(some: Proposals, others: Proposals) -> Proposals:
    return some.where(~_has_partner(some, others))


def _ordered(seen: Proposals, key: NDArray[np.float64], chosen: NDArray[np.bool_]) -> Proposals:
    """The chosen ones, smallest key first."""
    order = np.argsort(key, kind="stable")
    order = order[chosen[order]]
    return Proposals(
        seen.boxes_xyxy[order], seen.scores[order], seen.class_ids[order], seen.runners_up[order]
    )


def _none(seen: Proposals) -> Proposals:
    return seen.where(np.zeros(len(seen), dtype=np.bool_))
