"""A network with fewer channels: which to keep, and the narrower network that keeps them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from edgedet.errors import ModelError
from train.model.architectures import IMAGE, Architecture
from train.model.channels import ChannelMap, map_channels
from train.model.members import with_widths
from train.model.network import DetectionNetwork, build_model

Scope = Literal["global", "layer"]

MULTIPLE = 8  # widths that vector units and tensor cores like
_LEAST_SHARE = 0.1  # of a group's channels that stay, whatever their importance

Kept = Mapping[int, Tensor]  # group: indexes of the channels that stay, ascending


def choose_channels(importance: Mapping[int, Tensor], share: float, scope: Scope) -> Kept:
    """The channels that stay if `share` of all go, the least important first.

    Args:
        importance: For each group, by channel.
        share: 0 to 1, of the channels of all groups.
        scope: `global` compares channels of all groups; `layer` takes the same share of each.

    What stays of a group is a multiple of 8, and at least a tenth; so the share is met nearly.
    """
    limit = torch.cat(list(importance.values())).quantile(share, interpolation="higher")
    kept: dict[int, Tensor] = {}
    for group, values in importance.items():
        count = len(values)
        wanted = int((values >= limit).sum()) if scope == "global" else count * (1 - share)
        wanted = max(wanted, count * _LEAST_SHARE)
        stays = min(max(round(wanted / MULTIPLE), 1) * MULTIPLE, count)
        kept[group] = values.topk(stays).indices.sort().values
    return kept


def prune(model: DetectionNetwork, kept: Kept) -> DetectionNetwork:
    """A narrower network with the weights of the channels that stay; `model` is left as it is.

    Raises:
        ModelError: If normalisation is folded away in `model`.
    """
    refuse_folded(model)
    channel_map = map_channels(model.architecture, auxiliary=model.has_auxiliary)
    narrow = build_model(
        _narrowed(model.architecture, channel_map, kept, auxiliary=model.has_auxiliary),
        model.num_classes,
        head=model.head.kind,
        anchors=model.anchors_px,
    )
    narrow.load_state_dict(_selected(model, channel_map, kept))
    return narrow.train(model.training)


def refuse_folded(model: DetectionNetwork) -> None:
    """See that normalisation is there.

    Raises:
        ModelError: If it is folded away.
    """
    if model.fused:
        message = (
            "cannot prune a folded network: importance is read from its normalisation; "
            "give the checkpoint of the training run"
        )
        raise ModelError(message)


def _narrowed(
    architecture: Architecture, channel_map: ChannelMap, kept: Kept, *, auxiliary: bool
) -> Architecture:
    widths: dict[int, dict[str, int]] = {}
    for conv in channel_map.convolutions:
        widths.setdefault(conv.row, {})[conv.name] = len(kept[conv.makes])
    rows = tuple(
        # by name: cv1, cv2, …, whatever the order in which they run
        with_widths(spec, tuple(w for _, w in sorted(widths[row].items())))
        if row in widths
        else spec
        for row, spec in enumerate(architecture.rows(auxiliary=auxiliary))
    )
    count = len(architecture.layers)
    return replace(architecture, layers=rows[:count], auxiliary=rows[count:])


def _selected(model: DetectionNetwork, channel_map: ChannelMap, kept: Kept) -> dict[str, Tensor]:
    state = model.state_dict()
    for conv in channel_map.convolutions:
        inputs, outputs = _positions(channel_map, kept, conv.reads), kept[conv.makes]
        for key in [key for key in state if key.startswith(f"{conv.name}.")]:
            value = state[key]
            if value.ndim == 4:
                state[key] = value[outputs][:, inputs]
            elif value.ndim == 1:
                state[key] = value[outputs]
    head, levels = f"model.{model.head_index}", len(model.strides)
    for number, reads in enumerate(channel_map.head_reads):
        inputs, level = _positions(channel_map, kept, reads), number % levels
        name = f"{head}.m.{level}" if number < levels else f"{head}.m2.{level}"
        weight = state[f"{name}.weight"]
        state[f"{name}.weight"] = weight[:, inputs]
        implicit = f"{head}.ia.{level}.implicit"
        if number < levels and implicit in state:
            added = state[implicit]
            # what the head adds to a channel stays, though the channel goes
            rest = added.clone()
            rest[:, inputs] = 0
            state[f"{name}.bias"] = state[f"{name}.bias"] + weight.flatten(1) @ rest.flatten()
            state[implicit] = added[:, inputs]
    return state


def _positions(channel_map: ChannelMap, kept: Kept, groups: tuple[int, ...]) -> Tensor:
    """Positions, in a tensor of these groups, of the channels that stay."""
    found: list[Tensor] = []
    first = 0
    for group in groups:
        size = channel_map.sizes[group]
        found.append((torch.arange(size) if group == IMAGE else kept[group]) + first)
        first += size
    return torch.cat(found)
