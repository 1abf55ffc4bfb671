"""Members of the family with a fraction of their channels: every block is there, nothing is big."""

from dataclasses import replace

import torch

from train.model import DetectionNetwork, build_model
from train.model.architectures import Architecture, row_channels
from train.model.head import HeadKind
from train.model.members import find_architecture, layer_widths, with_widths

_SHARE = 16


def slim_architecture(name: str) -> Architecture:
    """The member's table with a sixteenth of its channels."""
    full = find_architecture(name)
    rows = full.rows(auxiliary=True)
    channels = row_channels(rows)
    slim = tuple(
        with_widths(
            spec, tuple(max(w // _SHARE, 2) for w in layer_widths(spec, channels[spec.sources[0]]))
        )
        for spec in rows
    )
    count = len(full.layers)
    return replace(full, layers=slim[:count], auxiliary=slim[count:])


def slim_model(name: str, num_classes: int = 1, head: HeadKind = "implicit") -> DetectionNetwork:
    """A network of that table whose normalisation and head are not neutral, in eval mode."""
    torch.manual_seed(7)
    model = build_model(slim_architecture(name), num_classes, head=head)
    with torch.no_grad():
        for name_, value in model.state_dict().items():
            if name_.endswith("running_var") or (value.ndim == 1 and name_.endswith("weight")):
                value.uniform_(0.7, 1.4)
            elif name_.endswith("running_mean") or ".ia." in name_:
                value.normal_(0, 0.1)
            elif ".im." in name_:
                value.normal_(1, 0.1)
    return model.eval()
