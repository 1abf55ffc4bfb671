"""The network: a layer table made into modules, run in order.

Knows nothing of files; weights come from `weights.py`.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from edgedet.errors import ModelError
from train.model.architectures import IMAGE, Architecture, LayerSpec, row_channels
from train.model.blocks import Activation, Concat, ConvBNAct, MaxPool, ReOrg, Shortcut, Upsample
from train.model.compound import SPPCSPC, DownC, RepConv
from train.model.head import AnchorsPx, DetectionHead, HeadKind
from train.model.members import find_architecture

AnchorsLike = Sequence[Sequence[Sequence[float]]]


class DetectionNetwork(nn.Module):
    """A network of the YOLOv7 family; its weight keys are the official `model.<index>.…`."""

    def __init__(
        self, architecture: Architecture, num_classes: int, head: HeadKind, anchors_px: AnchorsPx
    ) -> None:
        super().__init__()
        self.architecture = architecture
        has_auxiliary = head == "implicit" and bool(architecture.auxiliary)
        rows = architecture.rows(auxiliary=has_auxiliary)
        channels = row_channels(rows)
        modules: list[nn.Module] = [_make_layer(spec, channels, architecture) for spec in rows]
        modules.append(
            DetectionHead(
                [channels[source] for source in architecture.head_sources],
                num_classes,
                architecture.strides,
                anchors_px,
                kind=head,
                auxiliary_channels=[spec.channels for spec in rows[len(architecture.layers) :]],
            )
        )
        self.model = nn.ModuleList(modules)
        self._plan = _run_plan(architecture, auxiliary=has_auxiliary)

    @property
    def head(self) -> DetectionHead:
        """The last layer."""
        return cast("DetectionHead", self.model[-1])

    @property
    def head_index(self) -> int:
        """Layer index of the head, the number in its weight keys."""
        return len(self.model) - 1

    @property
    def has_auxiliary(self) -> bool:
        """True for the training form of a network with an auxiliary head."""
        return self.head.m2 is not None

    @property
    def num_classes(self) -> int:
        """Number of classes that the head tells apart."""
        return self.head.num_classes

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels between neighbouring cells, by level."""
        return self.head.strides

    @property
    def anchors_px(self) -> AnchorsPx:
        """Anchor (width, height) in pixels, by level, as the weights have them."""
        grid = self.head.anchor_grid.float().reshape(len(self.strides), -1, 2).tolist()
        return tuple(tuple((float(w), float(h)) for w, h in level) for level in grid)

    @property
    def fused(self) -> bool:
        """True if any normalisation has been folded away."""
        return any(isinstance(m, ConvBNAct | RepConv) and m.fused for m in self.modules())

    def forward(self, images: Tensor) -> list[Tensor] | Tensor:
        """Predictions for float (N, 3, H, W) RGB in [0, 1], H and W multiples of the last stride.

        Train mode: raw maps [(N, 3, h, w, 5+nc)] by stride; with an auxiliary head its maps by
        stride follow. Eval mode: (N, A, 5+nc) float32 with
        cx, cy, w, h in input pixels, objectness, class probabilities; ordered stride, anchor, row,
        column.
        """
        maps: dict[int, Tensor] = {IMAGE: images}
        out: list[Tensor] | Tensor = images
        for index, (module, (sources, last_used)) in enumerate(
            zip(self.model, self._plan, strict=True)
        ):
            out = module(*(maps[source] for source in sources))
            for source in last_used:
                del maps[source]
            if isinstance(out, Tensor):
                maps[index] = out
        return out

    def drop_auxiliary(self) -> None:
        """Turn a training form into the deployed one: the head moves up to the lead layers."""
        self.head.m2 = None
        self.model = nn.ModuleList([*self.model[: len(self.architecture.layers)], self.model[-1]])
        self._plan = _run_plan(self.architecture, auxiliary=False)


def build_model(
    name: str | Architecture,
    num_classes: int = 80,
    *,
    head: HeadKind = "implicit",
    anchors: AnchorsLike | None = None,
) -> DetectionNetwork:
    """A freshly initialised network, in train mode.

    Args:
        name: Member of the family, e.g. `yolov7-tiny`; or a layer table.
        num_classes: Number of classes, at least 1.
        head: `implicit` is the training form, with the auxiliary head of the members that have one;
            `plain` the deployed one.
        anchors: (levels, 3, 2) width and height in pixels; the official ones by default.

    Raises:
        ModelError: If the name is unknown or a value makes no network.
    """
    architecture = name if isinstance(name, Architecture) else find_architecture(name)
    name = architecture.name
    if num_classes < 1:
        message = f"cannot build {name}: num_classes is {num_classes}, expected at least 1"
        raise ModelError(message)
    if head not in ("implicit", "plain"):
        message = f"cannot build {name}: head is {head!r}, expected 'implicit' or 'plain'"
        raise ModelError(message)
    anchors_px = architecture.anchors_px if anchors is None else _checked(anchors, architecture)
    return DetectionNetwork(architecture, num_classes, head, anchors_px)


def _make_layer(spec: LayerSpec, channels: dict[int, int], architecture: Architecture) -> nn.Module:
    inputs = [channels[source] for source in spec.sources]
    match spec.kind:
        case "pool":
            return MaxPool(spec.kernel, spec.stride)
        case "upsample":
            return Upsample()
        case "reorg":
            return ReOrg()
        case "concat":
            return Concat()
        case "shortcut":
            if len(set(inputs)) > 1:
                message = f"cannot build {architecture.name}: a sum of {inputs} channels"
                raise ModelError(message)
            return Shortcut()
        case _:
            return _make_weighted(spec, inputs[0], architecture.activation)


def _make_weighted(spec: LayerSpec, inputs: int, activation: Activation) -> nn.Module:
    match spec.kind:
        case "downc":
            return DownC(inputs, spec.channels, spec.widths, activation=activation)
        case "sppcspc":
            return SPPCSPC(inputs, spec.channels, spec.widths, activation=activation)
        case "repconv":
            return RepConv(inputs, spec.channels, activation=activation)
        case _:
            return ConvBNAct(inputs, spec.channels, spec.kernel, spec.stride, activation=activation)


def _run_plan(
    architecture: Architecture, *, auxiliary: bool
) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """For each layer its sources, and those of them that nobody reads afterwards."""
    rows = architecture.rows(auxiliary=auxiliary)
    extra = tuple(range(len(architecture.layers), len(rows)))
    reads = [spec.sources for spec in rows] + [architecture.head_sources + extra]
    last = {source: index for index, sources in enumerate(reads) for source in sources}
    return tuple(
        (sources, tuple(source for source in set(sources) if last[source] == index))
        for index, sources in enumerate(reads)
    )


def _checked(anchors: AnchorsLike, architecture: Architecture) -> AnchorsPx:
    wanted = torch.tensor(architecture.anchors_px).shape
    try:
        given = torch.tensor(anchors, dtype=torch.float32)
    except (TypeError, ValueError) as exc:
        message = f"cannot build {architecture.name}: anchors are not a {tuple(wanted)} array"
        raise ModelError(message) from exc
    if given.shape != wanted or not bool((given > 0).all()):
        message = (
            f"cannot build {architecture.name}: anchors have shape {tuple(given.shape)}, "
            f"expected {tuple(wanted)} of positive pixels"
        )
        raise ModelError(message)
    if given[0].prod(-1).mean() > given[-1].prod(-1).mean():  # largest first: turn round
        given = given.flip(0)
    return tuple(tuple((float(w), float(h)) for w, h in level) for level in given.tolist())
