"""Which channels belong together: a layer table followed from the image to the head.

The output channels of a convolution are a group. Tensors are whole groups side by side: a concat
joins them, pools pass them on, and a sum makes one group of two. Removing a channel of a group
removes an output of each convolution that makes the group, and an input of all that read it.
"""

from dataclasses import dataclass, field

from train.model.architectures import IMAGE, Architecture, LayerSpec, row_channels
from train.model.architectures.rows import IMAGE_CHANNELS
from train.model.members import layer_widths

Tensor = tuple[int, ...]  # the groups whose channels lie side by side


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution with its normalisation: the begin of its names, what it reads and makes.

    Attributes:
        name: Such as `model.5` or `model.51.cv3`; a `repconv` row is one with two branches.
        reads: Groups in the order of its input channels.
        makes: Group of its output channels.
        row: Index in the layer table.
    """

    name: str
    reads: Tensor
    makes: int
    row: int


@dataclass(slots=True)
class ChannelMap:
    """Groups of a network by number, -1 being the image, and what makes and reads them.

    Attributes:
        sizes: Channels of each group.
        convolutions: In the order of the table.
        head_reads: Groups in the input of each convolution of the head: lead, then auxiliary.
    """

    sizes: dict[int, int] = field(default_factory=lambda: {IMAGE: IMAGE_CHANNELS})
    convolutions: list[Convolution] = field(default_factory=list)
    head_reads: list[Tensor] = field(default_factory=list)

    @property
    def groups(self) -> list[int]:
        """All groups that a convolution makes."""
        return [group for group in self.sizes if group != IMAGE]


def map_channels(architecture: Architecture, *, auxiliary: bool) -> ChannelMap:
    """The groups of a network of this table, with or without its auxiliary rows."""
    rows = architecture.rows(auxiliary=auxiliary)
    channels = row_channels(rows)
    found = ChannelMap()
    tensors: dict[int, Tensor] = {IMAGE: (IMAGE,)}
    for index, spec in enumerate(rows):
        inputs = [tensors[source] for source in spec.sources]
        match spec.kind:
            case "concat":
                tensors[index] = sum(inputs, ())
            case "reorg":
                tensors[index] = inputs[0] * spec.stride**2
            case "shortcut":
                tensors[index] = inputs[0]
                _join(found, tensors, *inputs)
            case "pool" | "upsample":
                tensors[index] = inputs[0]
            case _:
                widths = layer_widths(spec, channels[spec.sources[0]])
                tensors[index] = _block(found, index, spec, inputs[0], widths)
    extra = range(len(architecture.layers), len(rows))
    found.head_reads = [tensors[index] for index in (*architecture.head_sources, *extra)]
    return found


def _block(
    found: ChannelMap, row: int, spec: LayerSpec, reads: Tensor, widths: tuple[int, ...]
) -> Tensor:
    """Add the convolutions of a row; what the row gives."""

    def add(part: int, inputs: Tensor) -> Tensor:
        group = max(found.sizes) + 1
        found.sizes[group] = widths[part - 1]
        name = f"model.{row}" if len(widths) == 1 else f"model.{row}.cv{part}"
        found.convolutions.append(Convolution(name, inputs, group, row))
        return (group,)

    match spec.kind:
        case "downc":
            strided = add(2, add(1, reads))
            return strided + add(3, reads)
        case "sppcspc":
            first = add(1, reads)
            bypass = add(2, reads)
            pooled = add(4, add(3, first))
            return add(7, add(6, add(5, pooled * 4)) + bypass)
        case _:
            return add(1, reads)


def _join(found: ChannelMap, tensors: dict[int, Tensor], a: Tensor, b: Tensor) -> None:
    """Make the groups of `b` those of `a`: a sum needs the same channels of both."""
    renamed = dict(zip(b, a, strict=True))

    def rename(tensor: Tensor) -> Tensor:
        return tuple(renamed.get(group, group) for group in tensor)

    for group in set(b) - set(a):
        del found.sizes[group]
    for index, tensor in tensors.items():
        tensors[index] = rename(tensor)
    found.convolutions = [
        Convolution(c.name, rename(c.reads), renamed.get(c.makes, c.makes), c.row)
        for c in found.convolutions
    ]
