"""Rows of layer tables, and the groups of rows that the family repeats.

A row's position is part of every weight key, so each group takes the index of its first row, and
the tables show the indexes of their rows beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from train.model.blocks import Activation
from train.model.head import AnchorsPx

IMAGE = -1  # the source of a layer that reads the network's input
IMAGE_CHANNELS = 3

LayerKind = Literal[
    "conv", "pool", "upsample", "concat", "shortcut", "reorg", "downc", "sppcspc", "repconv"
]


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One row: its block, the rows that it reads, and the block's numbers.

    Attributes:
        widths: Channels of each convolution inside a `downc` or `sppcspc` block, where they are not
            those that follow from `channels`: in pruned networks only.
    """

    kind: LayerKind
    sources: tuple[int, ...]
    channels: int = 0
    kernel: int = 1
    stride: int = 1
    widths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Architecture:
    """A whole network: its rows, and the head that reads `head_sources` after the last row.

    Attributes:
        auxiliary: One more convolution for each level, after `layers`. They feed the auxiliary
            head, which takes part in training and in nothing else, so that the training form's head
            comes so many rows later.
    """

    name: str
    layers: tuple[LayerSpec, ...]
    head_sources: tuple[int, ...]
    strides: tuple[int, ...]
    anchors_px: AnchorsPx
    activation: Activation
    auxiliary: tuple[LayerSpec, ...] = ()

    def rows(self, *, auxiliary: bool) -> tuple[LayerSpec, ...]:
        """The rows before the head, in a form with or without the auxiliary ones."""
        return self.layers + self.auxiliary if auxiliary else self.layers


def row_channels(rows: Sequence[LayerSpec]) -> dict[int, int]:
    """Output channels of each row, by its index, and of the image."""
    channels = {IMAGE: IMAGE_CHANNELS}
    for index, spec in enumerate(rows):
        inputs = [channels[source] for source in spec.sources]
        match spec.kind:
            case "concat":
                channels[index] = sum(inputs)
            case "reorg":
                channels[index] = spec.stride**2 * inputs[0]
            case _:
                channels[index] = spec.channels or inputs[0]
    return channels


def conv(source: int, channels: int, kernel: int = 1, stride: int = 1) -> LayerSpec:
    """Convolution, normalisation, activation."""
    return LayerSpec("conv", (source,), channels, kernel, stride)


def repconv(source: int, channels: int) -> LayerSpec:
    """A 3 x 3 and a 1 x 1 convolution side by side, one 3 x 3 when deployed."""
    return LayerSpec("repconv", (source,), channels, 3)


def pool(source: int, kernel: int, stride: int) -> LayerSpec:
    """Max pooling."""
    return LayerSpec("pool", (source,), kernel=kernel, stride=stride)


def upsample(source: int) -> LayerSpec:
    """Doubling of height and width."""
    return LayerSpec("upsample", (source,))


def concat(*sources: int) -> LayerSpec:
    """Channels of all sources, in this order."""
    return LayerSpec("concat", sources)


def shortcut(*sources: int) -> LayerSpec:
    """Sum of the sources."""
    return LayerSpec("shortcut", sources)


def reorg(source: int) -> LayerSpec:
    """Space to depth."""
    return LayerSpec("reorg", (source,), stride=2)


def downc(source: int, channels: int) -> LayerSpec:
    """Halving of height and width by a convolution beside a pooling."""
    return LayerSpec("downc", (source,), channels, 3, 2)


def sppcspc(source: int, channels: int) -> LayerSpec:
    """Spatial pyramid pooling with a bypass."""
    return LayerSpec("sppcspc", (source,), channels)


def elan(  # noqa: PLR0913 - the numbers of the block
    first: int,
    source: int,
    out: int,
    *,
    width: int,
    depth: int,
    inner: int | None = None,
    every: int = 1,
) -> tuple[LayerSpec, ...]:
    """`depth` + 4 rows: two 1 x 1, `depth` chained 3 x 3 on the second, concat, 1 x 1.

    The concat takes the last 3 x 3 first, then every one, or every second one, before it, and the
    two 1 x 1. `inner` is the width of the 3 x 3 where it is not `width`.
    """
    last = first + 1 + depth
    return (
        conv(source, width),
        conv(source, width),
        *(conv(index, inner or width, 3) for index in range(first + 1, last)),
        concat(*range(last, first, -every), first),
        conv(last + 1, out),
    )


def twin_elan(  # noqa: PLR0913 - the numbers of the block
    first: int,
    source: int,
    out: int,
    *,
    width: int,
    depth: int,
    inner: int | None = None,
    every: int = 1,
) -> tuple[LayerSpec, ...]:
    """Two ELAN blocks on the same source and the sum of both: 2 * `depth` + 9 rows."""
    length = depth + 4
    blocks = tuple(
        elan(start, source, out, width=width, depth=depth, inner=inner, every=every)
        for start in (first, first + length)
    )
    return (*blocks[0], *blocks[1], shortcut(first + 2 * length - 1, first + length - 1))


def down(first: int, source: int, width: int, *joined: int) -> tuple[LayerSpec, ...]:
    """Five rows: pooling and strided convolution side by side, concat with the rows `joined`."""
    return (
        pool(source, 2, 2),
        conv(first, width),
        conv(source, width),
        conv(first + 2, width, 3, 2),
        concat(first + 3, first + 1, *joined),
    )


def up(first: int, source: int, lateral: int, width: int) -> tuple[LayerSpec, ...]:
    """Four rows: narrow, double, narrow the `lateral` row of the finer level, concat it first."""
    return (
        conv(source, width),
        upsample(first),
        conv(lateral, width),
        concat(first + 2, first + 1),
    )
