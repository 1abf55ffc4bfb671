"""The network: a layer table made into modules, run in order.

Knows nothing of files; weights come from `weights.py`.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from edgedet.errors import ModelError
from train.model.architecture import ARCHITECTURES, IMAGE, IMAGE_CHANNELS, Architecture, LayerSpec
from train.model.blocks import Concat, ConvBNAct, MaxPool, Upsample
from train.model.head import AnchorsPx, DetectionHead, HeadKind

AnchorsLike = Sequence[Sequence[Sequence[float]]]


class DetectionNetwork(nn.Module):
    """A network of the YOLOv7 family; its weight keys are the official `model.<index>.…`."""

    def __init__(
        self, architecture: Architecture, num_classes: int, head: HeadKind, anchors_px: AnchorsPx
    ) -> None:
        super().__init__()
        self.architecture = architecture
        channels: dict[int, int] = {IMAGE: IMAGE_CHANNELS}
        modules: list[nn.Module] = []
        for index, spec in enumerate(architecture.layers):
            module, channels[index] = _make_layer(spec, channels, architecture)
            modules.append(module)
        modules.append(
            DetectionHead(
                [channels[source] for source in architecture.head_sources],
                num_classes,
                architecture.strides,
                anchors_px,
                kind=head,
            )
        )
        self.model = nn.ModuleList(modules)
        self._plan = _run_plan(architecture)

    @property
    def head(self) -> DetectionHead:
        """The last layer."""
        return cast("DetectionHead", self.model[-1])

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
        return any(isinstance(m, ConvBNAct) and m.fused for m in self.model)

    def forward(self, images: Tensor) -> list[Tensor] | Tensor:
        """Predictions for float (N, 3, H, W) RGB in [0, 1], H and W multiples of the last stride.

        Train mode: raw maps [(N, 3, h, w, 5+nc)] by stride. Eval mode: (N, A, 5+nc) float32 with
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


def build_model(
    name: str,
    num_classes: int = 80,
    *,
    head: HeadKind = "implicit",
    anchors: AnchorsLike | None = None,
) -> DetectionNetwork:
    """A freshly initialised network, in train mode.

    Args:
        name: Member of the family, e.g. `yolov7-tiny`.
        num_classes: Number of classes, at least 1.
        head: `implicit` is the training form; `plain` the deployed one.
        anchors: (levels, 3, 2) width and height in pixels; the official ones by default.

    Raises:
        ModelError: If the name is unknown or a value makes no network.
    """
    architecture = find_architecture(name)
    if num_classes < 1:
        message = f"cannot build {name}: num_classes is {num_classes}, expected at least 1"
        raise ModelError(message)
    if head not in ("implicit", "plain"):
        message = f"cannot build {name}: head is {head!r}, expected 'implicit' or 'plain'"
        raise ModelError(message)
    anchors_px = architecture.anchors_px if anchors is None else _checked(anchors, architecture)
    return DetectionNetwork(architecture, num_classes, head, anchors_px)


def find_architecture(name: str) -> Architecture:
    """The layer table called `name`.

    Raises:
        ModelError: If there is none.
    """
    for architecture in ARCHITECTURES:
        if architecture.name == name:
            return architecture
    known = ", ".join(architecture.name for architecture in ARCHITECTURES)
    message = f"unknown model {name!r}: expected one of {known}"
    raise ModelError(message)


def _make_layer(
    spec: LayerSpec, channels: dict[int, int], architecture: Architecture
) -> tuple[nn.Module, int]:
    inputs = [channels[source] for source in spec.sources]
    match spec.kind:
        case "conv":
            conv = ConvBNAct(
                inputs[0],
                spec.channels,
                spec.kernel,
                spec.stride,
                activation=architecture.activation,
            )
            return conv, spec.channels
        case "pool":
            return MaxPool(spec.kernel, spec.stride), inputs[0]
        case "upsample":
            return Upsample(), inputs[0]
        case "concat":
            return Concat(), sum(inputs)


def _run_plan(architecture: Architecture) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """For each layer its sources, and those of them that nobody reads afterwards."""
    reads = [spec.sources for spec in architecture.layers] + [architecture.head_sources]
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
