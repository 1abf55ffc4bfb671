"""The choice of simplified OTA in one picture: which candidates a target gets.

Costs are of (target, candidate) pairs, and a target has a fixed number of candidates or so: in a
picture with n targets there are n x n. They are worked out for a few targets at a time, so that
memory grows with n alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

_IOU_COST = 3.0
_IOU_EPS = 1e-8
# Highest log-probability taken for the class cost: keeps log(1 - q) finite where q rounds to 1.
_MAX_LOG_Q = -1e-30
_PAIRS_AT_ONCE = 2**18  # 1 MiB a matrix: they stay in the cache


@dataclass(frozen=True, slots=True)
class Pairs:
    """Targets and candidates of one picture.

    Attributes:
        truth_xyxy: (t, 4) boxes of the targets in pixels.
        classes: (t,) int64.
        boxes_xyxy: (c, 4) predicted boxes at the candidates in pixels.
        logits: (c, 1 + classes) objectness and classes.
    """

    truth_xyxy: Tensor
    classes: Tensor
    boxes_xyxy: Tensor
    logits: Tensor


def match(
    pairs: Pairs, top_ious: int, pairs_at_once: int = _PAIRS_AT_ONCE
) -> tuple[Tensor, Tensor]:
    """Matched candidates (ascending) and the target that owns each.

    A target claims its k cheapest candidates, k being the sum of its `top_ious` best IoUs; of a
    candidate that several claim, the target for which it is the cheapest of all becomes the owner.
    """
    count = len(pairs.boxes_xyxy)
    claims = pairs.classes.new_zeros(count)
    owner = pairs.classes.new_zeros(count)
    lowest = pairs.boxes_xyxy.new_full((count,), torch.inf)
    cheapest_for = pairs.classes.new_zeros(count)
    for first, cost, iou in _in_parts(pairs, pairs_at_once):
        for target, candidate in _claims(cost, iou, top_ious):
            claims.index_add_(0, candidate, torch.ones_like(candidate))
            owner[candidate] = target + first
        least, where = cost.min(0)
        # strictly: of equal costs the first target's counts
        cheapest_for = torch.where(least < lowest, where + first, cheapest_for)
        lowest = torch.minimum(lowest, least)
    candidate = claims.nonzero().squeeze(1)
    owner = torch.where(claims > 1, cheapest_for, owner)
    return candidate, owner[candidate]


def _in_parts(pairs: Pairs, pairs_at_once: int) -> Iterator[tuple[int, Tensor, Tensor]]:
    """First target of a part, with the costs and IoUs (targets of the part, candidates)."""
    table = _ClassTable.of(pairs.logits)
    step = max(pairs_at_once // len(pairs.boxes_xyxy), 1)
    for first in range(0, len(pairs.classes), step):
        part = slice(first, first + step)
        iou = _pairwise_iou(pairs.truth_xyxy[part], pairs.boxes_xyxy)
        cost = table.cost(pairs.classes[part])
        cost -= _IOU_COST * torch.log(iou + _IOU_EPS)
        yield first, cost, iou


def _claims(cost: Tensor, iou: Tensor, top_ious: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows and columns (n,) of the claims, those of one row never alike."""
    best = iou.topk(min(top_ious, iou.shape[1]), dim=1).values
    dynamic_k = best.sum(1).int().clamp(min=1)
    # One call per distinct k, not the largest k for all: equal costs (duplicate candidates) are
    # then cut as by a call for each target, which is what the original does.
    for k in sorted(set(dynamic_k.tolist())):
        rows = (dynamic_k == k).nonzero().squeeze(1)
        columns = cost[rows].topk(k, dim=1, largest=False).indices
        yield rows.repeat_interleave(k), columns.flatten()


@dataclass(frozen=True, slots=True)
class _ClassTable:
    """Class costs taken apart: what a candidate costs for any class, and (classes, c) added."""

    wrong_everywhere: Tensor
    gain: Tensor

    @classmethod
    def of(cls, logits: Tensor) -> "_ClassTable":
        log_q = (F.logsigmoid(logits[:, 1:]) + F.logsigmoid(logits[:, :1])) / 2
        log_not_q = torch.log(-torch.expm1(log_q.clamp(max=_MAX_LOG_Q)))
        return cls(-log_not_q.sum(1), (log_not_q - log_q).T.contiguous())

    def cost(self, classes: Tensor) -> Tensor:
        """Sum over classes of the cross entropy of sqrt(objectness x class), (classes, c)."""
        return self.wrong_everywhere + self.gain[classes]


def _pairwise_iou(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    a, b = a_xyxy.T[:, :, None], b_xyxy.T[:, None, :]
    width = (torch.minimum(a[2], b[2]) - torch.maximum(a[0], b[0])).clamp_(min=0)
    height = (torch.minimum(a[3], b[3]) - torch.maximum(a[1], b[1])).clamp_(min=0)
    intersection = width.mul_(height)
    area_a = (a[2] - a[0]) * (a[3] - a[1])
    area_b = (b[2] - b[0]) * (b[3] - b[1])
    return intersection / (area_a + area_b - intersection)
