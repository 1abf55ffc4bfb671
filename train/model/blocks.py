"""Layers that the YOLOv7 networks are made of.

Attribute names (`conv`, `bn`) are part of every official weight key and must stay. The blocks know
nothing of layer indexes, heads, or checkpoints.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

# Neither is in a state dict; PyTorch's defaults (1e-5, 0.1) give visibly wrong outputs.
BATCH_NORM_EPS = 1e-3
BATCH_NORM_MOMENTUM = 0.03
LEAKY_SLOPE = 0.1

Activation = Callable[[], nn.Module]


def leaky_relu() -> nn.Module:
    """The activation of YOLOv7-tiny."""
    return nn.LeakyReLU(LEAKY_SLOPE, inplace=True)


def silu() -> nn.Module:
    """The activation of every other member."""
    return nn.SiLU(inplace=True)


class ConvBNAct(nn.Module):
    """Convolution, batch normalisation, activation; the padding keeps the size at stride 1."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        activation: Activation = leaky_relu,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False
        )
        self.bn: nn.Module = nn.BatchNorm2d(
            out_channels, eps=BATCH_NORM_EPS, momentum=BATCH_NORM_MOMENTUM
        )
        self.act = activation()

    def forward(self, x: Tensor) -> Tensor:
        """Activated features (N, out_channels, H / stride, W / stride)."""
        out: Tensor = self.act(self.bn(self.conv(x)))
        return out

    @property
    def fused(self) -> bool:
        """True once the normalisation has been folded into the convolution."""
        return not isinstance(self.bn, nn.BatchNorm2d | nn.SyncBatchNorm)

    @torch.no_grad()
    def fuse(self) -> None:
        """Fold the batch normalisation into the convolution's weight and a new bias, in place."""
        if not isinstance(self.bn, nn.BatchNorm2d):
            return
        weight, bias = Normalisation.of(self.bn).fold_into(self.conv.weight)
        self.conv.weight.copy_(weight)
        self.conv.bias = nn.Parameter(bias.to(self.conv.weight.dtype))
        self.bn = nn.Identity()


class MaxPool(nn.MaxPool2d):
    """Max pooling: 2 x 2 with stride 2, or k x k with stride 1 and the size kept."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__(kernel, stride, padding=kernel // 2 if stride == 1 else 0)


class Upsample(nn.Upsample):
    """Nearest-neighbour doubling of height and width."""

    def __init__(self) -> None:
        super().__init__(scale_factor=2.0, mode="nearest")


class Concat(nn.Module):
    """Channel-wise concatenation of its inputs, in their order."""

    def forward(self, *maps: Tensor) -> Tensor:
        """Joined features (N, sum of channels, H, W)."""
        return torch.cat(maps, dim=1)


class Shortcut(nn.Module):
    """Sum of its two inputs."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Summed features, of the shape of both."""
        return a + b


class ReOrg(nn.Module):
    """Space to depth: each 2 x 2 cell becomes four groups of channels, column by column."""

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, 4 * C, H / 2, W / 2)."""
        top, bottom = x[..., ::2, :], x[..., 1::2, :]
        return torch.cat(
            (top[..., ::2], bottom[..., ::2], top[..., 1::2], bottom[..., 1::2]), dim=1
        )


@dataclass(frozen=True, slots=True)
class Normalisation:
    """The numbers of a batch normalisation in eval mode, each (channels,)."""

    gamma: Tensor
    beta: Tensor
    mean: Tensor
    var: Tensor
    eps: float = BATCH_NORM_EPS

    @classmethod
    def of(cls, bn: nn.BatchNorm2d) -> "Normalisation":
        """The numbers of a module."""
        mean, var = cast("Tensor", bn.running_mean), cast("Tensor", bn.running_var)
        return cls(bn.weight, bn.bias, mean, var, bn.eps)

    def fold_into(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Weight and bias, float32, of the convolution that equals `weight` and then this.

        Computed in float64 and rounded once: folding is done once, its error stays.
        """
        scale = self.gamma.double() / torch.sqrt(self.var.double() + self.eps)
        folded = weight.double() * scale.reshape(-1, 1, 1, 1)
        bias = self.beta.double() - self.mean.double() * scale
        return folded.float(), bias.float()
