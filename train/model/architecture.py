"""Layer tables: what each network of the family is made of, index by index.

A row's position is part of every weight key, so tables are written out and never renumbered. Adding
a member of the family means adding a table (and blocks it needs to `network.py`), nothing else.
"""

from dataclasses import dataclass
from typing import Literal

from train.model.blocks import Activation, leaky_relu
from train.model.head import AnchorsPx

IMAGE = -1  # the source of a layer that reads the network's input
IMAGE_CHANNELS = 3

LayerKind = Literal["conv", "pool", "upsample", "concat"]


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One row: its block, the rows that it reads, and the block's numbers."""

    kind: LayerKind
    sources: tuple[int, ...]
    channels: int = 0
    kernel: int = 1
    stride: int = 1


@dataclass(frozen=True, slots=True)
class Architecture:
    """A whole network: its rows, and the head that reads `head_sources` after the last row."""

    name: str
    layers: tuple[LayerSpec, ...]
    head_sources: tuple[int, ...]
    strides: tuple[int, ...]
    anchors_px: AnchorsPx
    activation: Activation

    @property
    def head_index(self) -> int:
        """Layer index of the head, the number in its weight keys."""
        return len(self.layers)


def _conv(source: int, channels: int, kernel: int = 1, stride: int = 1) -> LayerSpec:
    return LayerSpec("conv", (source,), channels, kernel, stride)


def _pool(source: int, kernel: int, stride: int) -> LayerSpec:
    return LayerSpec("pool", (source,), kernel=kernel, stride=stride)


def _upsample(source: int) -> LayerSpec:
    return LayerSpec("upsample", (source,))


def _concat(*sources: int) -> LayerSpec:
    return LayerSpec("concat", sources)


def _elan(first: int, source: int, width: int, out: int) -> tuple[LayerSpec, ...]:
    """Six rows from index `first` on: two 1 x 1, two chained 3 x 3, concat (last first), fuse."""
    return (
        _conv(source, width),
        _conv(source, width),
        _conv(first + 1, width, 3),
        _conv(first + 2, width, 3),
        _concat(first + 3, first + 2, first + 1, first),
        _conv(first + 4, out),
    )


_TINY_LAYERS = (
    _conv(IMAGE, 32, 3, 2),  # 0
    _conv(0, 64, 3, 2),  # 1
    *_elan(2, source=1, width=32, out=64),  # 2-7
    _pool(7, 2, 2),  # 8
    *_elan(9, source=8, width=64, out=128),  # 9-14, C3
    _pool(14, 2, 2),  # 15
    *_elan(16, source=15, width=128, out=256),  # 16-21, C4
    _pool(21, 2, 2),  # 22
    *_elan(23, source=22, width=256, out=512),  # 23-28, C5
    _conv(28, 256),  # 29, bypass of the pyramid, joined at 36
    _conv(28, 256),  # 30
    # 5 x 5, then 9 x 9 and 13 x 13 as cascades of 5 x 5: the same maxima for a third of the work.
    _pool(30, 5, 1),  # 31
    _pool(31, 5, 1),  # 32
    _pool(32, 5, 1),  # 33
    _concat(33, 32, 31, 30),  # 34
    _conv(34, 256),  # 35
    _concat(35, 29),  # 36
    _conv(36, 256),  # 37, N5
    _conv(37, 128),  # 38
    _upsample(38),  # 39
    _conv(21, 128),  # 40, lateral from C4
    _concat(40, 39),  # 41
    *_elan(42, source=41, width=64, out=128),  # 42-47, N4
    _conv(47, 64),  # 48
    _upsample(48),  # 49
    _conv(14, 64),  # 50, lateral from C3
    _concat(50, 49),  # 51
    *_elan(52, source=51, width=32, out=64),  # 52-57, P3
    _conv(57, 128, 3, 2),  # 58
    _concat(58, 47),  # 59
    *_elan(60, source=59, width=64, out=128),  # 60-65, P4
    _conv(65, 256, 3, 2),  # 66
    _concat(66, 37),  # 67
    *_elan(68, source=67, width=128, out=256),  # 68-73, P5
    _conv(57, 128, 3),  # 74
    _conv(65, 256, 3),  # 75
    _conv(73, 512, 3),  # 76
)

YOLOV7_TINY = Architecture(
    name="yolov7-tiny",
    layers=_TINY_LAYERS,
    head_sources=(74, 75, 76),
    strides=(8, 16, 32),
    anchors_px=(
        ((10.0, 13.0), (16.0, 30.0), (33.0, 23.0)),
        ((30.0, 61.0), (62.0, 45.0), (59.0, 119.0)),
        ((116.0, 90.0), (156.0, 198.0), (373.0, 326.0)),
    ),
    activation=leaky_relu,
)

ARCHITECTURES: tuple[Architecture, ...] = (YOLOV7_TINY,)
