"""Which cells answer for which objects: anchor candidates, and the OTA choice among them.

Everything here runs without gradient, in float32, on the device of its inputs; but what OTA does
picture by picture is done by the processor. A picture takes some sixty small operations, and a card
would spend its time with starting them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from train.loss.matching import Pairs, match

NEIGHBOUR_BIAS = 0.5
TOP_IOUS = 10
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
    bias: float = NEIGHBOUR_BIAS,
) -> Positives:
    """Positions of one level that may answer for a target: its cell and neighbours of it.

    Args:
        targets: (n, 6) image, class, cx, cy, w, h; normalised to the network's input.
        anchors: (a, 2) in grid units.
        grid_hw: Rows and columns of the level.
        anchor_t: Largest ratio (exclusive) between a side of the target and of the anchor.
        bias: How near to a border, in cells, the neighbour beyond it takes part: with 0.5 up to two
            neighbours, with 1 all four.

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
    top_ious: int = TOP_IOUS,
) -> list[Positives]:
    """The candidates of each level that simplified OTA gives to a target, with that target.

    Source: Ge et al., YOLOX (2021), section 2.1 (SimOTA), with the costs of YOLOv7. Unlike the
    original, boxes are scaled by width and height, not by the height alone: the same for squares.
    """
    boxes: list[Tensor] = []
    logits: list[Tensor] = []
    for i, c in enumerate(candidates):
        out = raw[i][c.image, c.anchor, c.row, c.column].float()
        boxes.append(_decode(out, c, geometry.anchors[i], geometry.strides[i]))
        logits.append(out[:, 4:])
    height, width = geometry.image_hw
    truth_boxes = _corners(targets[:, 2:6] * targets.new_tensor((width, height, width, height)))
    image = torch.cat([c.image for c in candidates]).cpu()
    all_boxes, all_logits = torch.cat(boxes).cpu(), torch.cat(logits).cpu()
    truth_boxes, rows = truth_boxes.cpu(), targets.cpu()
    classes, target_image = rows[:, 1].long(), rows[:, 0].long()

    chosen: list[Tensor] = []
    owners: list[Tensor] = []
    for index in range(raw[0].shape[0]):
        own = (target_image == index).nonzero().squeeze(1)
        rivals = (image == index).nonzero().squeeze(1)
        if not own.numel() or not rivals.numel():
            continue
        pairs = Pairs(truth_boxes[own], classes[own], all_boxes[rivals], all_logits[rivals])
        candidate, owner = match(pairs, top_ious)
        chosen.append(rivals[candidate])
        owners.append(own[owner])
    return _split_by_level(candidates, chosen, owners)


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


def _split_by_level(
    candidates: list[Positives], chosen: list[Tensor], owners: list[Tensor]
) -> list[Positives]:
    """Each level's part of what was chosen by number among the candidates of all levels."""
    if not chosen:
        return [c.select(c.image[:0]) for c in candidates]
    entry, owner = torch.cat(chosen), torch.cat(owners)
    first = 0
    result: list[Positives] = []
    for c in candidates:
        device, count = c.image.device, c.image.numel()
        here = (entry >= first) & (entry < first + count)
        picked = c.select((entry[here] - first).to(device))
        mine = owner[here].to(device)
        result.append(Positives(picked.image, picked.anchor, picked.row, picked.column, mine))
        first += count
    return result
