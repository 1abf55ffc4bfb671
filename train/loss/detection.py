"""The YOLOv7 detection loss: box, objectness and class terms over the assigned positions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from train.loss.assignment import (
    NEIGHBOUR_BIAS,
    TOP_IOUS,
    Geometry,
    Positives,
    assign_ota,
    find_candidates,
)
from train.loss.ciou import ciou
from train.loss.settings import LossSettings
from train.model import DetectionNetwork

# What the second result of DetectionLoss holds, in this order; weighted, without the batch factor.
COMPONENTS = ("box", "obj", "cls", "total")

# Weight of each level's objectness, by number of levels: small objects are many and hard.
BALANCE = {3: (4.0, 1.0, 0.4), 4: (4.0, 1.0, 0.25, 0.06)}
_FOCAL_ALPHA = 0.25
_TARGET_COLUMNS = 6

# The auxiliary head's terms, and how it and its lead head are assigned; see `_assign`.
_AUXILIARY_WEIGHT = 0.25
_AUXILIARY_BIAS = 1.0
_TOP_IOUS_WITH_AUXILIARY = 20


@dataclass(frozen=True, slots=True)
class Weighting:
    """What a training run may change about the means of the loss; nothing by default.

    Attributes:
        classes: (nc,) factors on the class term of a position, by the class of its target.
        shares: For a batch that is spread over processes: from the positives of each level and
            the pictures here, to the factors that make the mean of the processes' losses the loss
            of the whole batch.
    """

    classes: Tensor | None = None
    shares: Callable[[Sequence[int], int], Sequence[float]] | None = None


class Loss(Protocol):
    """What a training run minimises, called as `DetectionLoss` is."""

    def __call__(
        self, raw_outputs: Sequence[Tensor], targets: Tensor, images: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Loss and components of a batch."""
        ...


class DetectionLoss:
    """Loss of a batch of raw maps; `loss_ota` 0 in the hyper-parameters means the plain loss.

    If the maps of an auxiliary head follow those of the lead head, both are scored, the auxiliary
    ones by a quarter. Both are assigned by what the lead head predicts; the auxiliary head learns
    from more cells.

    Runs in float32 whatever autocast says, on the device of the maps. The model gives the anchors
    (read at every call, so it may be moved or loaded later), strides and number of classes.
    """

    def __init__(
        self,
        model: DetectionNetwork,
        hyp: Mapping[str, object],
        weighting: Weighting = Weighting(),
    ) -> None:
        self._head = model.head
        self._weighting = weighting
        self._settings = LossSettings.from_hyp(hyp)
        self._balance = BALANCE[len(model.strides)]

    def __call__(
        self, raw_outputs: Sequence[Tensor], targets: Tensor, images: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Loss (scalar, times the batch size) and its detached components, see `COMPONENTS`.

        Args:
            raw_outputs: The model's maps in train mode, [(N, 3, h, w, 5+nc)] by stride; those of
                an auxiliary head, if any, after them.
            targets: (n, 6) image index in the batch, class, cx, cy, w, h, normalised to the input.
            images: The batch (N, 3, H, W); only its height and width are read.

        Raises:
            ValueError: If the maps or targets have the wrong shape.
        """
        self._check(raw_outputs, targets)
        device = raw_outputs[0].device
        with torch.autocast(device.type, enabled=False):
            raw = [level.float() for level in raw_outputs]
            targets = targets.to(device, torch.float32)
            image_hw = (images.shape[-2], images.shape[-1])
            positives = self.assign(raw, targets, image_hw)
            levels = len(self._balance)
            terms = self._terms(raw[:levels], targets, positives[:levels])
            if len(raw) > levels:
                auxiliary = self._terms(raw[levels:], targets, positives[levels:])
                terms = terms + _AUXILIARY_WEIGHT * auxiliary
            total = terms.sum()
            components = torch.cat((terms, total[None])).detach()
            return total * raw[0].shape[0], components

    def assign(
        self, raw: list[Tensor], targets: Tensor, image_hw: tuple[int, int]
    ) -> list[Positives]:
        """The positions that answer for a target, for each map, without gradient; all float32."""
        lead = [level.detach() for level in raw[: len(self._balance)]]
        if len(raw) == len(lead):
            return self._assign(lead, targets, image_hw)
        top_ious = _TOP_IOUS_WITH_AUXILIARY
        return [
            *self._assign(lead, targets, image_hw, top_ious=top_ious),
            *self._assign(lead, targets, image_hw, bias=_AUXILIARY_BIAS, top_ious=top_ious),
        ]

    def _assign(
        self,
        lead: list[Tensor],
        targets: Tensor,
        image_hw: tuple[int, int],
        *,
        bias: float = NEIGHBOUR_BIAS,
        top_ious: int = TOP_IOUS,
    ) -> list[Positives]:
        anchors = self._anchors(lead[0].device)
        limit = self._settings.anchor_t
        candidates = [
            find_candidates(targets, anchors[i], (level.shape[2], level.shape[3]), limit, bias)
            for i, level in enumerate(lead)
        ]
        if not self._settings.loss_ota:
            return candidates
        geometry = Geometry(anchors, self._head.strides, image_hw)
        return assign_ota(lead, targets, candidates, geometry, top_ious)

    def _anchors(self, device: torch.device) -> Tensor:
        return self._head.anchors.to(device, torch.float32)

    def _terms(self, raw: list[Tensor], targets: Tensor, positives: list[Positives]) -> Tensor:
        """Box, objectness and class term (3,) of one head, weighted."""
        settings = self._settings
        anchors = self._anchors(raw[0].device)
        zero = raw[0].new_zeros(())
        box, obj, cls = zero, zero, zero
        shares = self._shares([matched.image.numel() for matched in positives], len(raw[0]))
        for i, (level, matched) in enumerate(zip(raw, positives, strict=True)):
            truth = level.new_zeros(level.shape[:-1])
            if matched.image.numel():
                out = level[matched.image, matched.anchor, matched.row, matched.column]
                overlap = _overlap(out, matched, targets, anchors[i], level)
                box = box + (1 - overlap).mean() * shares[i]
                _write_objectness(truth, matched, overlap.detach().clamp(min=0))
                if self._head.num_classes > 1:
                    classes = targets[matched.target, 1].long()
                    cls = cls + self._class_term(out[:, 5:], classes) * shares[i]
            term = self._cross_entropy(level[..., 4], truth, settings.obj_pw)
            obj = obj + self._balance[i] * term
        return torch.stack((settings.box * box, settings.obj * obj, settings.cls * cls))

    def _shares(self, positives: Sequence[int], images: int) -> Sequence[float]:
        if self._weighting.shares is None:
            return [1.0] * len(positives)
        return self._weighting.shares(positives, images)

    def _class_term(self, logits: Tensor, classes: Tensor) -> Tensor:
        smoothing = self._settings.label_smoothing
        truth = torch.full_like(logits, smoothing / 2)
        truth.scatter_(1, classes[:, None], 1 - smoothing / 2)
        factors = None
        if self._weighting.classes is not None:
            factors = self._weighting.classes.to(logits)[classes][:, None]
        return self._cross_entropy(logits, truth, self._settings.cls_pw, factors)

    def _cross_entropy(
        self, logits: Tensor, truth: Tensor, positive_weight: float, factors: Tensor | None = None
    ) -> Tensor:
        """Mean cross entropy; focal if `fl_gamma` is above 0 (Lin et al., 2017, equation 5)."""
        weight = None if positive_weight == 1 else logits.new_tensor(positive_weight)
        gamma = self._settings.fl_gamma
        if gamma <= 0:
            return F.binary_cross_entropy_with_logits(logits, truth, factors, pos_weight=weight)
        loss = F.binary_cross_entropy_with_logits(
            logits, truth, factors, pos_weight=weight, reduction="none"
        )
        probability = logits.sigmoid()
        hit = truth * probability + (1 - truth) * (1 - probability)
        alpha = truth * _FOCAL_ALPHA + (1 - truth) * (1 - _FOCAL_ALPHA)
        return (loss * alpha * (1 - hit) ** gamma).mean()

    def _check(self, raw_outputs: Sequence[Tensor], targets: Tensor) -> None:
        levels, channels = len(self._balance), self._head.outputs_per_anchor
        shapes = [tuple(level.shape) for level in raw_outputs]
        if len(shapes) not in (levels, 2 * levels) or any(
            len(s) != 5 or s[-1] != channels for s in shapes
        ):
            message = (
                f"raw outputs have shapes {shapes}, expected {levels} of (N, 3, h, w, {channels}), "
                "or twice as many with an auxiliary head; is the model in train mode?"
            )
            raise ValueError(message)
        if targets.ndim != 2 or targets.shape[1] != _TARGET_COLUMNS:
            message = f"targets have shape {tuple(targets.shape)}, expected (n, {_TARGET_COLUMNS})"
            raise ValueError(message)


LossFactory = Callable[[DetectionNetwork, Mapping[str, object], Weighting], Loss]


def _overlap(
    out: Tensor, matched: Positives, targets: Tensor, anchors: Tensor, level: Tensor
) -> Tensor:
    """Complete IoU (n,) of the matched outputs with their targets, in grid units of the cell."""
    box = out[:, :4].sigmoid()
    centre = box[:, :2] * 2 - 0.5
    size = (box[:, 2:] * 2).square() * anchors[matched.anchor]
    height, width = level.shape[2], level.shape[3]
    scale = targets.new_tensor((width, height, width, height))
    truth = targets[matched.target, 2:6] * scale
    cell = torch.stack((matched.column, matched.row), dim=1)
    truth = torch.cat((truth[:, :2] - cell, truth[:, 2:]), dim=1)
    return ciou(torch.cat((centre, size), dim=1), truth)


def _write_objectness(truth: Tensor, matched: Positives, overlap: Tensor) -> None:
    """Set `truth` at the matched positions; of several at one position the last counts.

    Plain indexed assignment leaves the order open on CUDA and for long lists, so the last of each
    run of equal positions is picked by a stable sort.
    """
    _, anchors, height, width = truth.shape
    position = ((matched.image * anchors + matched.anchor) * height + matched.row) * width
    position, order = (position + matched.column).sort(stable=True)
    last = torch.ones_like(position, dtype=torch.bool)
    last[:-1] = position[1:] != position[:-1]
    truth.view(-1)[position[last]] = overlap[order[last]]
