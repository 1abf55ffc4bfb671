"""The exported graph as a module: pictures as the camera gives them in, the K best candidates out.

Written so that the trace holds no shape arithmetic: every size but the batch is a Python number,
and repetition is a Tile by constants. Boxes are decoded for the K survivors only; the arithmetic is
that of the head (`train.model.head`), and `train.export.parity` compares the two.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from edgedet.errors import ModelError
from train.model import DetectionNetwork, fuse
from train.model.head import DetectionHead

MAX_CANDIDATES = 300
_BOX_LOGITS = 4


class CandidateGraph(nn.Module):
    """Maps uint8 (N, H, W, 3) RGB to candidates float32 (N, K, 7), best score first.

    A candidate is x1, y1, x2, y2 in input pixels, score, class id, runner-up class score. The
    score is objectness times the best class probability; with one class it is the objectness alone,
    and the runner-up is 0.
    """

    cells: Tensor

    def __init__(self, model: DetectionNetwork, image_hw: tuple[int, int]) -> None:
        """Copy and fold `model`.

        Raises:
            ModelError: If the size does not suit the network.
        """
        super().__init__()
        check_size(model, image_hw)
        network = fuse(model).float()
        cells = _cells(network, image_hw)
        self.num_classes = model.num_classes
        self.count = min(MAX_CANDIDATES, len(cells))
        self.register_buffer("cells", cells)
        self.head = _LogitRows(network.head, image_hw)
        network.model[-1] = self.head  # the network's own wiring, with another end
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Candidates of a batch; see the class."""
        # TensorRT takes uint8 only if it is cast at once, so the cast precedes the transposition.
        logits = self.network(images.float().permute(0, 3, 1, 2) / 255.0)
        scores, picked = self._scores(logits).topk(self.count, dim=1, sorted=True)
        fields = 5 + self.num_classes
        chosen = logits.gather(1, picked.unsqueeze(-1).repeat(1, 1, fields))
        boxes = _decode(chosen[..., :_BOX_LOGITS], F.embedding(picked, self.cells))
        return torch.cat([boxes, scores.unsqueeze(-1), self._classes(chosen, scores)], dim=-1)

    def _scores(self, logits: Tensor) -> Tensor:
        objectness = logits[..., 4].sigmoid()
        if self.num_classes == 1:
            return objectness
        return objectness * logits[..., 5:].amax(dim=-1).sigmoid()

    def _classes(self, chosen: Tensor, scores: Tensor) -> Tensor:
        """Class id and runner-up score (N, K, 2) of the chosen rows."""
        if self.num_classes == 1:
            return scores.unsqueeze(-1).repeat(1, 1, 2) * 0.0
        best, ids = chosen[..., 5:].topk(2, dim=-1, sorted=True)
        runner_up = chosen[..., 4:5].sigmoid() * best[..., 1:].sigmoid()
        return torch.cat([ids[..., :1].float(), runner_up], dim=-1)


def check_size(model: DetectionNetwork, image_hw: tuple[int, int]) -> None:
    """See that the last level has whole cells.

    Raises:
        ModelError: If not.
    """
    step = max(model.strides)
    if min(image_hw) < step or image_hw[0] % step or image_hw[1] % step:
        msg = (
            f"{model.architecture.name} cannot take pictures of {image_hw[0]} x {image_hw[1]}: "
            f"sides must be multiples of {step}"
        )
        raise ModelError(msg)


class _LogitRows(nn.Module):
    """A folded head that gives logits (N, A, 5+nc), ordered by stride, anchor, row, column."""

    def __init__(self, head: DetectionHead, image_hw: tuple[int, int]) -> None:
        super().__init__()
        self.convolutions = head.m
        self.split = (head.anchors_per_level, head.outputs_per_anchor)
        self.cells = [(image_hw[0] // s) * (image_hw[1] // s) for s in head.strides]

    def forward(self, *maps: Tensor) -> Tensor:
        """All logits in one tensor."""
        anchors, fields = self.split
        rows: list[Tensor] = []
        for conv, cells, features in zip(self.convolutions, self.cells, maps, strict=True):
            split = conv(features).reshape(-1, anchors, fields, cells)
            rows.append(split.permute(0, 1, 3, 2).reshape(-1, anchors * cells, fields))
        return torch.cat(rows, dim=1)


def _cells(network: DetectionNetwork, image_hw: tuple[int, int]) -> Tensor:
    """Column, row, stride, anchor width and height of every prediction (A, 5), in that order."""
    rows: list[Tensor] = []
    for stride, anchors in zip(network.strides, network.anchors_px, strict=True):
        height, width = image_hw[0] // stride, image_hw[1] // stride
        for anchor in anchors:
            y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
            fixed = torch.tensor([stride, *anchor]).expand(height * width, 3)
            rows.append(torch.cat([x.reshape(-1, 1), y.reshape(-1, 1), fixed], dim=1))
    return torch.cat(rows).float()


def _decode(logits: Tensor, cells: Tensor) -> Tensor:
    """Corners (N, K, 4) in input pixels of box logits (N, K, 4) at `cells` (N, K, 5)."""
    offset = logits.sigmoid() * 2.0
    centre = (offset[..., :2] - 0.5 + cells[..., :2]) * cells[..., 2:3]
    half = offset[..., 2:] * offset[..., 2:] * cells[..., 3:] * 0.5
    return torch.cat([centre - half, centre + half], dim=-1)
