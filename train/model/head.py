"""Detection head: a 1 x 1 convolution for each level, implicit knowledge, and the decode.

The decode is purely functional (split and concat, grids made from the map's own shape), so that an
exporter sees no in-place write and no baked-in batch.
"""

import math
from collections.abc import Sequence
from typing import Literal, cast

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

HeadKind = Literal["implicit", "plain"]
AnchorsPx = tuple[tuple[tuple[float, float], ...], ...]

BOX_CHANNELS = 5  # tx, ty, tw, th, objectness
# Prior of the objectness bias: eight objects in a 640 px image, whatever the real size.
_PRIOR_OBJECTS = 8
_PRIOR_IMAGE_PX = 640
_PRIOR_CLASS_SHARE = 0.6
_IMPLICIT_STD = 0.02


class Implicit(nn.Module):
    """One learned vector, held under the official key `implicit`."""

    def __init__(self, channels: int, mean: float) -> None:
        super().__init__()
        self.implicit = nn.Parameter(torch.empty(1, channels, 1, 1))
        nn.init.normal_(self.implicit, mean, _IMPLICIT_STD)


class DetectionHead(nn.Module):
    """Raw maps by stride in train mode, decoded predictions in eval mode.

    An auxiliary head is a second set of convolutions `m2` that reads maps of its own; it only takes
    part in training.

    Attributes:
        anchors: (levels, per level, 2) in grid units, for the loss.
        anchor_grid: (levels, 1, per level, 1, 1, 2) in pixels, for the decode.
    """

    anchors: Tensor
    anchor_grid: Tensor

    def __init__(  # noqa: PLR0913 - the numbers of the head
        self,
        in_channels: Sequence[int],
        num_classes: int,
        strides: Sequence[int],
        anchors_px: AnchorsPx,
        *,
        kind: HeadKind = "implicit",
        auxiliary_channels: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.strides = tuple(strides)
        self.outputs_per_anchor = num_classes + BOX_CHANNELS
        anchors = torch.tensor(anchors_px, dtype=torch.float32)
        levels, self.anchors_per_level = anchors.shape[:2]
        steps = torch.tensor(self.strides, dtype=torch.float32).reshape(-1, 1, 1)
        self.register_buffer("anchors", anchors / steps)
        self.register_buffer("anchor_grid", anchors.reshape(levels, 1, -1, 1, 1, 2).clone())
        channels = self.anchors_per_level * self.outputs_per_anchor
        self.m = nn.ModuleList(nn.Conv2d(c, channels, 1) for c in in_channels)
        self.m2: nn.ModuleList | None = None
        if auxiliary_channels:
            self.m2 = nn.ModuleList(nn.Conv2d(c, channels, 1) for c in auxiliary_channels)
        self.ia: nn.ModuleList | None = None
        self.im: nn.ModuleList | None = None
        if kind == "implicit":
            self.ia = nn.ModuleList(Implicit(c, 0.0) for c in in_channels)
            self.im = nn.ModuleList(Implicit(channels, 1.0) for _ in in_channels)
        self._init_bias()

    @property
    def kind(self) -> HeadKind:
        """`implicit` while the head carries implicit knowledge, else `plain`."""
        return "plain" if self.ia is None else "implicit"

    def forward(self, *maps: Tensor) -> list[Tensor] | Tensor:
        """Raw maps [(N, 3, h, w, 5+nc)] when training, else predictions (N, A, 5+nc), float32.

        With an auxiliary head its maps follow those of the lead head, in `maps` and in the raw
        maps; the predictions are the lead head's alone.
        """
        raw = [self._raw(level, features) for level, features in enumerate(maps[: len(self.m)])]
        if self.training:
            return raw + self._raw_auxiliary(maps[len(self.m) :])
        decoded = [self.decode_level(level, logits) for level, logits in enumerate(raw)]
        return torch.cat(decoded, dim=1)

    def decode_level(self, level: int, raw: Tensor) -> Tensor:
        """Predictions (N, 3*h*w, 5+nc) of one level: cx, cy, w, h in pixels, probabilities."""
        height, width = raw.shape[2], raw.shape[3]
        probabilities = raw.float().sigmoid()
        xy, wh, scores = probabilities.split_with_sizes((2, 2, self.num_classes + 1), dim=-1)
        columns = torch.arange(width, device=raw.device, dtype=torch.float32)
        rows = torch.arange(height, device=raw.device, dtype=torch.float32)
        grid = torch.stack(
            (
                columns.reshape(1, -1).expand(height, width),
                rows.reshape(-1, 1).expand(height, width),
            ),
            dim=-1,
        )
        centre = (xy * 2.0 - 0.5 + grid) * float(self.strides[level])
        doubled = wh * 2.0
        size = doubled * doubled * self.anchor_grid[level].float()
        return torch.cat((centre, size, scores), dim=-1).flatten(1, 3)

    def folded(self, level: int) -> tuple[Tensor, Tensor]:
        """Weight and bias of one level's convolution with the implicit knowledge multiplied in.

        Source: im * (conv(x + ia)) = conv with weight im*W and bias im*(b + W*ia), exact in real
        arithmetic, and much cheaper than touching every pixel of the maps twice.
        """
        conv = self._conv(level)
        if self.ia is None or self.im is None:
            return conv.weight, conv.bias
        added = _vector(self.ia[level])
        factor = _vector(self.im[level])
        # Product and sum instead of a matrix product: autocast would round that to bfloat16.
        shift = (conv.weight.flatten(1) * added).sum(dim=1)
        return conv.weight * factor.reshape(-1, 1, 1, 1), factor * (conv.bias + shift)

    @torch.no_grad()
    def fuse(self) -> None:
        """Fold the implicit knowledge in for good and drop the auxiliary head, in place."""
        folded = [self.folded(level) for level in range(len(self.m))]
        self.ia = self.im = self.m2 = None
        for level, (weight, bias) in enumerate(folded):
            conv = self._conv(level)
            conv.weight.copy_(weight)
            conv.bias.copy_(bias)

    def _raw(self, level: int, features: Tensor) -> Tensor:
        weight, bias = self.folded(level)
        return self._split(F.conv2d(features, weight, bias))

    def _raw_auxiliary(self, maps: Sequence[Tensor]) -> list[Tensor]:
        if self.m2 is None:
            return []
        return [self._split(conv(features)) for conv, features in zip(self.m2, maps, strict=True)]

    def _split(self, out: Tensor) -> Tensor:
        height, width = out.shape[2], out.shape[3]
        split = out.reshape(-1, self.anchors_per_level, self.outputs_per_anchor, height, width)
        return split.permute(0, 1, 3, 4, 2)

    def _conv(self, level: int) -> "_BiasedConv":
        return cast("_BiasedConv", self.m[level])

    @torch.no_grad()
    def _init_bias(self) -> None:
        # The official prior is +4.09 for one class, whose class channel is never trained: 0 here.
        share = _PRIOR_CLASS_SHARE / (self.num_classes - 0.99) if self.num_classes > 1 else 1.0
        for convs in (self.m, self.m2 or ()):
            for conv, stride in zip(convs, self.strides, strict=False):
                bias = cast("_BiasedConv", conv).bias.view(self.anchors_per_level, -1)
                bias[:, 4] += math.log(_PRIOR_OBJECTS / (_PRIOR_IMAGE_PX / stride) ** 2)
                bias[:, BOX_CHANNELS:] += math.log(share)


class _BiasedConv(nn.Conv2d):
    """Only a type: a convolution known to have its bias."""

    bias: nn.Parameter


def _vector(implicit: nn.Module) -> Tensor:
    return cast("Implicit", implicit).implicit.flatten()
