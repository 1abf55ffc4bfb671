"""The loss of a student that also learns from what a trained network says of the same pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from edgedet.errors import ModelError
from train.loss.ciou import ciou
from train.loss.detection import BALANCE, DetectionLoss, Weighting
from train.loss.settings import LossSettings
from train.model import DetectionNetwork, fuse
from train.model.architectures import Architecture

# Where the teacher's objectness is below, its box and classes mean next to nothing.
_LEAST_OBJECTNESS = 0.05


@dataclass(frozen=True, slots=True)
class Distillation:
    """Makes losses with a teacher; what the trainer takes in the place of `DetectionLoss`.

    Attributes:
        teacher: A network of the student's levels and classes; see `as_teacher`.
        weight: Factor on the teacher's terms; the labels' terms have 1.
    """

    teacher: DetectionNetwork
    weight: float = 1.0

    def __call__(
        self, model: DetectionNetwork, hyp: Mapping[str, object], weighting: Weighting
    ) -> "DistillationLoss":
        """The loss of `model`.

        Raises:
            ModelError: If the teacher's levels or classes are others.
        """
        return DistillationLoss(self, model, hyp, weighting)


def as_teacher(model: DetectionNetwork) -> DetectionNetwork:
    """A folded copy that gives raw maps of the lead head, with nothing to learn."""
    teacher = fuse(model).requires_grad_(requires_grad=False)
    teacher.head.train()
    return teacher


class DistillationLoss:
    """The detection loss and, weighted, how far the student is from the teacher, cell by cell.

    * objectness: cross entropy with the teacher's objectness, over all cells;
    * box: 1 - complete IoU of both decoded boxes, weighted by the teacher's objectness;
    * classes: cross entropy with the teacher's classes, weighted alike.

    Each has the gain of the label's term of its kind, objectness the level's balance.
    Source: Mehta and Ozturk, Object Detection at 200 Frames per Second (2018), section 3.2.
    """

    def __init__(
        self,
        distillation: Distillation,
        model: DetectionNetwork,
        hyp: Mapping[str, object],
        weighting: Weighting,
    ) -> None:
        check_levels(distillation.teacher, model.architecture)
        if distillation.teacher.num_classes != model.num_classes:
            message = (
                f"cannot distill {distillation.teacher.num_classes} classes into "
                f"{model.num_classes}: both networks need those of the data set"
            )
            raise ModelError(message)
        self._teacher, self._weight = distillation.teacher, distillation.weight
        self._student = model
        self._labels = DetectionLoss(model, hyp, weighting)
        self._settings = LossSettings.from_hyp(hyp)

    def __call__(
        self, raw_outputs: Sequence[Tensor], targets: Tensor, images: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Loss (scalar, times the batch size) and its detached components; see `DetectionLoss`.

        The teacher sees `images`, so they must be the batch itself.
        """
        loss, components = self._labels(raw_outputs, targets, images)
        told = self._ask(images, raw_outputs[0].dtype)
        with torch.autocast(images.device.type, enabled=False):
            terms = self._weight * self._terms(
                [level.float() for level in raw_outputs[: len(told)]], told
            )
        total = terms.sum()
        return loss + total * len(images), components + torch.cat((terms, total[None])).detach()

    @torch.no_grad()
    def _ask(self, images: Tensor, dtype: torch.dtype) -> list[Tensor]:
        """The teacher's raw maps, computed in the numbers that the student computes in."""
        self._teacher.to(images.device)
        kind, is_lower = images.device.type, dtype != torch.float32
        with torch.autocast(kind, dtype=dtype if is_lower else None, enabled=is_lower):
            maps = self._teacher(images)
        return [level.float() for level in maps]

    def _terms(self, student: list[Tensor], teacher: list[Tensor]) -> Tensor:
        """Box, objectness and class term (3,), with the gains of the labels' terms."""
        zero = student[0].new_zeros(())
        box, obj, cls = zero, zero, zero
        balance = BALANCE[len(teacher)]
        for i, (ours, theirs) in enumerate(zip(student, teacher, strict=True)):
            weight = theirs[..., 4].sigmoid()
            term = F.binary_cross_entropy_with_logits(ours[..., 4], weight)
            obj = obj + balance[i] * term
            where = (weight > _LEAST_OBJECTNESS).nonzero(as_tuple=True)
            if not where[0].numel():
                continue
            share = weight[where] / weight[where].sum()
            near, far = ours[where], theirs[where]
            boxes = [
                _boxes(out, network.head.anchors[i].to(out)[where[1]])
                for out, network in ((near, self._student), (far, self._teacher))
            ]
            box = box + ((1 - ciou(*boxes)) * share).sum()
            if near.shape[1] > 6:
                term = F.binary_cross_entropy_with_logits(
                    near[:, 5:], far[:, 5:].sigmoid(), reduction="none"
                )
                cls = cls + (term.mean(1) * share).sum()
        settings = self._settings
        return torch.stack((settings.box * box, settings.obj * obj, settings.cls * cls))


def check_levels(teacher: DetectionNetwork, student: Architecture) -> None:
    """See that both give maps of the same shapes.

    Raises:
        ModelError: If not.
    """
    name = teacher.architecture.name
    if teacher.strides != student.strides:
        ours, theirs = (" ".join(map(str, each.strides)) for each in (student, teacher))
        message = (
            f"cannot distill {name} (strides {theirs}) into {student.name} (strides {ours}): both "
            "need the same levels; to teach tiny take yolov7 or yolov7x"
        )
        raise ModelError(message)


def _boxes(out: Tensor, anchors: Tensor) -> Tensor:
    """Boxes (n, 4) cx, cy, w, h relative to their cells, in grid units, of raw outputs (n, 5+)."""
    box = out[:, :4].sigmoid()
    return torch.cat((box[:, :2] * 2 - 0.5, (box[:, 2:] * 2).square() * anchors), dim=1)
