"""Which cells answer for which objects: anchor candidates, and the OTA choice among them.

Everything here runs without gradient, in float32, on the device of its inputs. The class cost is
gathered per (target, candidate), so memory never grows with targets x candidates x classes.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

_NEIGHBOUR_BIAS = 0.5
_TOP_IOUS = 10
_IOU_COST = 3.0
_IOU_EPS = 1e-8
# Highest log-probability taken for the class cost: keeps log(1 - q) finite where q rounds to 1.
_MAX_LOG_Q = -1e-30
_DIRECTIONS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))


@dataclass(frozen=True, slots=True)
class Positives:
    """Positions of one level, each with the row of its target; all (n,) int64."""

    image: Tensor
    anchor: Tensor
    row: Tensor
    column: Tensor
    target: Tensor

    def select(self, index: Tensor) -> "Positives":
        """The positions at `index`, in its order."""
        return Positives(
            self.image[index],
            self.anchor[index],
            self.row[index],
            self.column[index],
            self.target[index],
        )


@dataclass(frozen=True, slots=True)
class Geometry:
    """What turns raw outputs into pixels: anchors in grid units (levels, a, 2), strides, input."""

    anchors: Tensor
    strides: tuple[int, ...]
    image_hw: tuple[int, int]


@torch.no_grad()
def find_candidates(
    targets: Tensor,
    anchors: Tensor,
    grid_hw: tuple[int, int],
    anchor_t: float,
    bias: float = _NEIGHBOUR_BIAS,
) -> Positives:
    """Positions of one level that may answer for a target: its cell and up to two neighbours.

    Args:
        targets: (n, 6) image, class, cx, cy, w, h; normalised to the network's input.
        anchors: (a, 2) in grid units.
        grid_hw: Rows and columns of the level.
        anchor_t: Largest ratio (exclusive) between a side of the target and of the anchor.
        bias: How near to a border, in cells, the neighbour beyond it takes part.

    Order: all centre cells, then left, up, right, down; inside each anchor by anchor.
    """
    height, width = grid_hw
    limit = anchors.new_tensor((width, height))
    xy = targets[:, 2:4] * limit
    ratio = (targets[:, 4:6] * limit)[None] / anchors[:, None]
    kept = torch.maximum(ratio, 1 / ratio).amax(dim=-1) < anchor_t
    anchor, target = kept.nonzero(as_tuple=True)
    xy = xy[target]
    mirrored = limit - xy
    near_low = (xy % 1 < bias) & (xy > 1)
    near_high = (mirrored % 1 < bias) & (mirrored > 1)
    centre = torch.ones_like(near_low[:, :1])
    joins = torch.cat((centre, near_low, near_high), dim=1).T
    direction, pair = joins.nonzero(as_tuple=True)
    offset = anchors.new_tensor(_DIRECTIONS)[direction] * bias
    column, row = (xy[pair] - offset).long().unbind(1)
    target = target[pair]
    return Positives(
        image=targets[target, 0].long(),
        anchor=anchor[pair],
        row=row.clamp(0, height - 1),
        column=column.clamp(0, width - 1),
        target=target,
    )


@torch.no_grad()
def assign_ota(
    raw: list[Tensor],
    targets: Tensor,
    candidates: list[Positives],
    geometry: Geometry,
    top_ious: int = _TOP_IOUS,
) -> list[Positives]:
    """The candidates of each level that simplified OTA gives to a target, with that target.

    Source: Ge et al., YOLOX (2021), section 2.1 (SimOTA), with the costs of YOLOv7. Unlike the
    original, boxes are scaled by width and height, not by the height alone: the same for squares.
    """
    level = torch.cat([torch.full_like(c.image, i) for i, c in enumerate(candidates)])
    image = torch.cat([c.image for c in candidates])
    boxes: list[Tensor] = []
    logits: list[Tensor] = []
    for i, c in enumerate(candidates):
        out = raw[i][c.image, c.anchor, c.row, c.column].float()
        boxes.append(_decode(out, c, geometry.anchors[i], geometry.strides[i]))
        logits.append(out[:, 4:])
    all_boxes, all_logits = torch.cat(boxes), torch.cat(logits)
    height, width = geometry.image_hw
    truth_boxes = _corners(targets[:, 2:6] * targets.new_tensor((width, height, width, height)))
    classes = targets[:, 1].long()
    target_image = targets[:, 0].long()

    chosen: list[Tensor] = []
    owners: list[Tensor] = []
    for index in range(raw[0].shape[0]):
        own = (target_image == index).nonzero().squeeze(1)
        rivals = (image == index).nonzero().squeeze(1)
        if not own.numel() or not rivals.numel():
            continue
        iou = _pairwise_iou(truth_boxes[own], all_boxes[rivals])
        cost = _class_cost(all_logits[rivals], classes[own])
        cost -= _IOU_COST * torch.log(iou + _IOU_EPS)
        candidate, owner = _match(cost, iou, top_ious)
        chosen.append(rivals[candidate])
        owners.append(own[owner])
    return _split_by_level(candidates, level, chosen, owners)


def _match(cost: Tensor, iou: Tensor, top_ious: int) -> tuple[Tensor, Tensor]:
    """Matched candidates (ascending) and the rows of `cost` that own them."""
    best = iou.topk(min(top_ious, iou.shape[1]), dim=1).values
    dynamic_k = best.sum(1).int().clamp(min=1)
    claims = torch.zeros_like(cost, dtype=torch.bool)
    # One call per distinct k, not the largest k for all: equal costs (duplicate candidates) are
    # then cut as by a call for each target, which is what the original does.
    for k in sorted(set(dynamic_k.tolist())):
        rows = (dynamic_k == k).nonzero()
        columns = cost[rows.squeeze(1)].topk(k, dim=1, largest=False).indices
        claims[rows, columns] = True
    count = claims.sum(0)
    owner = torch.where(count > 1, cost.argmin(0), claims.int().argmax(0))
    candidate = count.nonzero().squeeze(1)
    return candidate, owner[candidate]


def _class_cost(logits: Tensor, classes: Tensor) -> Tensor:
    """Sum over classes of the cross entropy of sqrt(objectness x class), (targets, candidates)."""
    log_q = (F.logsigmoid(logits[:, 1:]) + F.logsigmoid(logits[:, :1])) / 2
    log_not_q = torch.log(-torch.expm1(log_q.clamp(max=_MAX_LOG_Q)))
    wrong_everywhere = -log_not_q.sum(1)
    return (wrong_everywhere[:, None] + (log_not_q - log_q)[:, classes]).T.contiguous()


def _decode(out: Tensor, c: Positives, anchors: Tensor, stride: int) -> Tensor:
    """Corner boxes (n, 4) in pixels of the raw outputs at the candidates."""
    box = out[:, :4].sigmoid()
    cell = torch.stack((c.column, c.row), dim=1)
    centre = (box[:, :2] * 2 - 0.5 + cell) * stride
    size = (box[:, 2:] * 2).square() * anchors[c.anchor] * stride
    return _corners(torch.cat((centre, size), dim=1))


def _corners(cxcywh: Tensor) -> Tensor:
    centre, size = cxcywh.chunk(2, dim=1)
    return torch.cat((centre - size / 2, centre + size / 2), dim=1)


def _pairwise_iou(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    low = torch.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    high = torch.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    intersection = (high - low).clamp(min=0).prod(-1)
    area_a = (a_xyxy[:, 2:] - a_xyxy[:, :2]).prod(-1)
    area_b = (b_xyxy[:, 2:] - b_xyxy[:, :2]).prod(-1)
    return intersection / (area_a[:, None] + area_b - intersection)


def _split_by_level(
    candidates: list[Positives], level: Tensor, chosen: list[Tensor], owners: list[Tensor]
) -> list[Positives]:
    if not chosen:
        return [c.select(c.image[:0]) for c in candidates]
    entry, owner = torch.cat(chosen), torch.cat(owners)
    first = 0
    result: list[Positives] = []
    for i, c in enumerate(candidates):
        here = level[entry] == i
        picked = c.select(entry[here] - first)
        result.append(
            Positives(picked.image, picked.anchor, picked.row, picked.column, owner[here])
        )
        first += c.image.numel()
    return result
