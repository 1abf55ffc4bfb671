"""What a set of weights says about its network by its names and shapes alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from edgedet.errors import ModelError
from train.model.head import BOX_CHANNELS, AnchorsPx, HeadKind

_HEAD_CONV = re.compile(r"model\.(\d+)\.m\.0\.weight")
_AUXILIARY_CONV = re.compile(r"model\.\d+\.m2\.\d+\.weight")
_DEFAULT_ANCHORS_PER_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Layout:
    """Form of the weights; a fused head counts as plain, its implicit values being used up.

    Attributes:
        auxiliary: Number of auxiliary levels: as many rows before the head serve training alone.
    """

    head_index: int
    num_classes: int
    head: HeadKind
    fused: bool
    anchors_px: AnchorsPx | None
    auxiliary: int = 0

    @property
    def head_prefix(self) -> str:
        """What the names of the head's weights begin with."""
        return f"model.{self.head_index}."


def describe_layout(path: Path, weights: Mapping[str, Tensor]) -> Layout:
    """The form of `weights`, which came from `path`.

    Raises:
        ModelError: If they have no YOLOv7 head.
    """
    heads = [int(match[1]) for key in weights if (match := _HEAD_CONV.fullmatch(key))]
    if len(heads) != 1 or weights[f"model.{heads[0]}.m.0.weight"].dim() != 4:
        message = (
            f"refused checkpoint {path}: its {len(weights)} weights have no YOLOv7 detection head "
            "(expected names like model.77.m.0.weight)"
        )
        raise ModelError(message)
    prefix = f"model.{heads[0]}."
    grid = weights.get(f"{prefix}anchor_grid")
    anchors_px = _anchors(grid) if grid is not None else None
    per_level = len(anchors_px[0]) if anchors_px else _DEFAULT_ANCHORS_PER_LEVEL
    channels = weights[f"{prefix}m.0.weight"].shape[0]
    if channels % per_level or channels // per_level <= BOX_CHANNELS:
        message = f"refused checkpoint {path}: its head has {channels} channels, for no class count"
        raise ModelError(message)
    fused = not any(key.endswith(".running_var") for key in weights)
    implicit = f"{prefix}ia.0.implicit" in weights and not fused
    return Layout(
        head_index=heads[0],
        num_classes=channels // per_level - BOX_CHANNELS,
        head="implicit" if implicit else "plain",
        fused=fused,
        anchors_px=anchors_px,
        auxiliary=sum(_AUXILIARY_CONV.fullmatch(key) is not None for key in weights),
    )


def _anchors(grid: Tensor) -> AnchorsPx | None:
    if grid.dim() != 6 or grid.shape[-1] != 2 or not grid.numel():
        return None
    levels = grid.float().reshape(grid.shape[0], -1, 2).tolist()
    return tuple(tuple((float(w), float(h)) for w, h in level) for level in levels)
