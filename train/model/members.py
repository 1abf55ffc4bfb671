"""Which member of the family a set of weights is, and how wide its layers are."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from edgedet.errors import ModelError
from train.model.architectures import ARCHITECTURES, Architecture, LayerSpec, row_channels
from train.model.keys import Layout

# The names of the convolutions of a row, in the order of its widths; of alternatives one is there.
_WEIGHTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "conv": (("conv.weight",),),
    "repconv": (("rbr_dense.0.weight", "rbr_reparam.weight"),),
    "downc": tuple((f"cv{i}.conv.weight",) for i in range(1, 4)),
    "sppcspc": tuple((f"cv{i}.conv.weight",) for i in range(1, 8)),
}


def find_architecture(name: str) -> Architecture:
    """The layer table called `name`.

    Raises:
        ModelError: If there is none.
    """
    for architecture in ARCHITECTURES:
        if architecture.name == name:
            return architecture
    message = f"unknown model {name!r}: expected one of {_known()}"
    raise ModelError(message)


def recognise(path: Path, layout: Layout) -> Architecture:
    """The member whose head is where the head of the weights from `path` is.

    Raises:
        ModelError: If there is none. Its names are not compared here.
    """
    for architecture in ARCHITECTURES:
        rows = architecture.rows(auxiliary=layout.auxiliary > 0)
        if len(rows) == layout.head_index and layout.auxiliary in (0, len(architecture.auxiliary)):
            return architecture
    message = (
        f"cannot load {path}: no known network has its head at layer {layout.head_index} "
        f"(known: {_known()})"
    )
    raise ModelError(message)


def fit_widths(
    path: Path, architecture: Architecture, weights: Mapping[str, Tensor], *, auxiliary: bool
) -> Architecture:
    """The table with the widths that `weights` have: those of a pruned network are smaller.

    Only numbers of output channels are read; that everything fits together shows when the weights
    are put into a network of that table.

    Raises:
        ModelError: If a layer is wider than in the member itself, so that it is no pruned one.
    """
    rows = architecture.rows(auxiliary=auxiliary)
    channels = row_channels(rows)
    usual = [layer_widths(spec, channels[spec.sources[0]]) for spec in rows]
    found = [_widths(spec, index, weights) or usual[index] for index, spec in enumerate(rows)]
    for index, (given, most) in enumerate(zip(found, usual, strict=True)):
        if any(not 0 < a <= b for a, b in zip(given, most, strict=True)):
            message = (
                f"cannot load {path}: layer {index} has {_shown(given)} channels, "
                f"{architecture.name} has {_shown(most)}; it is a network of another kind"
            )
            raise ModelError(message)
    if found == usual:
        return architecture
    fitted = tuple(with_widths(*layer) for layer in zip(rows, found, strict=True))
    count = len(architecture.layers)
    extra = fitted[count:] or architecture.auxiliary
    return replace(architecture, layers=fitted[:count], auxiliary=extra)


def layer_widths(spec: LayerSpec, inputs: int) -> tuple[int, ...]:
    """Channels of each convolution in a row that reads `inputs` channels."""
    half = spec.channels // 2
    match spec.kind:
        case "downc":
            return spec.widths or (inputs, half, half)
        case "sppcspc":
            return spec.widths or (spec.channels,) * 7
        case "conv" | "repconv":
            return (spec.channels,)
        case _:
            return ()


def with_widths(spec: LayerSpec, widths: tuple[int, ...]) -> LayerSpec:
    """The row with other channels in its convolutions, see `layer_widths`."""
    match spec.kind:
        case "downc":
            return replace(spec, channels=widths[1] + widths[2], widths=widths)
        case "sppcspc":
            return replace(spec, channels=widths[-1], widths=widths)
        case "conv" | "repconv":
            return replace(spec, channels=widths[0])
        case _:
            return spec


def _widths(spec: LayerSpec, index: int, weights: Mapping[str, Tensor]) -> tuple[int, ...] | None:
    """Output channels in the weights of a row; None if any are missing, which is told elsewhere."""
    wanted = _WEIGHTS.get(spec.kind, ())
    found = tuple(
        weights[key].shape[0]
        for names in wanted
        for name in names
        if (key := f"model.{index}.{name}") in weights and weights[key].dim() == 4
    )
    return found if len(found) == len(wanted) else None


def _shown(widths: tuple[int, ...]) -> str:
    return " and ".join(map(str, widths))


def _known() -> str:
    return ", ".join(architecture.name for architecture in ARCHITECTURES)
