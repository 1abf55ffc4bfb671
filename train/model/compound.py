"""Blocks of several convolutions, as the larger members of the family have them.

Attribute names (`cv1`, `rbr_dense`) are part of every official weight key and must stay.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from train.model.blocks import (
    BATCH_NORM_EPS,
    BATCH_NORM_MOMENTUM,
    Activation,
    ConvBNAct,
    MaxPool,
    Normalisation,
)

_POOL = 5


class DownC(nn.Module):
    """Halves height and width: a strided 3 x 3 convolution beside a max pooling."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        widths: Sequence[int] = (),
        *,
        activation: Activation,
    ) -> None:
        """Build it; `widths` are the channels of cv1, cv2, cv3 where they are not the usual."""
        super().__init__()
        half = out_channels // 2
        first, strided, pooled = widths or (in_channels, half, half)
        self.cv1 = ConvBNAct(in_channels, first, activation=activation)
        self.cv2 = ConvBNAct(first, strided, 3, 2, activation=activation)
        self.cv3 = ConvBNAct(in_channels, pooled, activation=activation)
        self.mp = MaxPool(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, out_channels, H / 2, W / 2)."""
        return torch.cat((self.cv2(self.cv1(x)), self.cv3(self.mp(x))), dim=1)


class SPPCSPC(nn.Module):
    """Spatial pyramid pooling in one of two branches."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        widths: Sequence[int] = (),
        *,
        activation: Activation,
    ) -> None:
        """Build it; `widths` are the channels of cv1 to cv7 where they are not the usual."""
        super().__init__()
        w1, w2, w3, w4, w5, w6, w7 = widths or (out_channels,) * 7
        self.cv1 = ConvBNAct(in_channels, w1, activation=activation)
        self.cv2 = ConvBNAct(in_channels, w2, activation=activation)
        self.cv3 = ConvBNAct(w1, w3, 3, activation=activation)
        self.cv4 = ConvBNAct(w3, w4, activation=activation)
        self.cv5 = ConvBNAct(4 * w4, w5, activation=activation)
        self.cv6 = ConvBNAct(w5, w6, 3, activation=activation)
        self.cv7 = ConvBNAct(w6 + w2, w7, activation=activation)
        self.pool = MaxPool(_POOL, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, out_channels, H, W)."""
        maps = [self.cv4(self.cv3(self.cv1(x)))]
        # 9 x 9 and 13 x 13 as cascades of 5 x 5: the same maxima for a third of the work
        for _ in range(3):
            maps.append(self.pool(maps[-1]))
        pyramid = self.cv6(self.cv5(torch.cat(maps, dim=1)))
        out: Tensor = self.cv7(torch.cat((pyramid, self.cv2(x)), dim=1))
        return out


class RepConv(nn.Module):
    """A 3 x 3 and a 1 x 1 convolution whose sum one 3 x 3 convolution can replace.

    Source: Ding et al., RepVGG (2021), section 3, without the identity branch; the name
    `rbr_reparam` of the folded convolution is theirs.
    """

    def __init__(self, in_channels: int, out_channels: int, *, activation: Activation) -> None:
        super().__init__()
        self.act = activation()
        self.rbr_dense: nn.Sequential | None = _branch(in_channels, out_channels, 3)
        self.rbr_1x1: nn.Sequential | None = _branch(in_channels, out_channels, 1)
        self.rbr_reparam: nn.Conv2d | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Activated features (N, out_channels, H, W)."""
        if self.rbr_dense is None or self.rbr_1x1 is None:
            out: Tensor = self.act(cast("nn.Conv2d", self.rbr_reparam)(x))
        else:
            out = self.act(self.rbr_dense(x) + self.rbr_1x1(x))
        return out

    @property
    def fused(self) -> bool:
        """True once the branches have become one convolution."""
        return self.rbr_reparam is not None

    @torch.no_grad()
    def fuse(self) -> None:
        """Replace both branches by one 3 x 3 convolution, in place."""
        if self.rbr_dense is None or self.rbr_1x1 is None:
            return
        dense = cast("nn.Conv2d", self.rbr_dense[0])
        weight, bias = merge_branches(
            (dense.weight, Normalisation.of(cast("nn.BatchNorm2d", self.rbr_dense[1]))),
            (
                cast("Tensor", self.rbr_1x1[0].weight),
                Normalisation.of(cast("nn.BatchNorm2d", self.rbr_1x1[1])),
            ),
        )
        single = nn.Conv2d(
            dense.in_channels, dense.out_channels, 3, padding=1, device=weight.device
        )
        single.weight.copy_(weight)
        cast("nn.Parameter", single.bias).copy_(bias)
        self.rbr_reparam = single.to(dense.weight.dtype)
        self.rbr_dense = self.rbr_1x1 = None


def merge_branches(
    dense: tuple[Tensor, Normalisation], pointwise: tuple[Tensor, Normalisation]
) -> tuple[Tensor, Tensor]:
    """Weight and bias of the 3 x 3 convolution that equals a normalised 3 x 3 plus a 1 x 1."""
    weight, bias = dense[1].fold_into(dense[0])
    centre, shift = pointwise[1].fold_into(pointwise[0])
    return weight + F.pad(centre, [1, 1, 1, 1]), bias + shift


def _branch(in_channels: int, out_channels: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out_channels, eps=BATCH_NORM_EPS, momentum=BATCH_NORM_MOMENTUM),
    )
