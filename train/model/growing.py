"""More classes for a trained head: what it knows of the others stays."""

from collections.abc import Sequence

import torch
from torch import Tensor

from train.model.head import BOX_CHANNELS
from train.model.network import DetectionNetwork
from train.model.weights import LoadReport, start_from


def keep_known_classes(
    network: DetectionNetwork, report: LoadReport, class_names: Sequence[str]
) -> bool:
    """Fill the head of a network with more classes than its checkpoint, in place.

    Box, objectness and the classes of the checkpoint get their weights back, new classes stay as
    initialised. Nothing is done, and False given back, where the checkpoint's classes are not the
    first of the network's: their numbers would mean something else.

    Args:
        network: As `start_from` gave it, and `report` with it.
        report: What was left as initialised.
        class_names: The network's classes.

    Raises:
        ModelError: If the checkpoint is gone meanwhile.
    """
    known = report.info.names
    is_grown = 0 < len(known) < len(class_names) and tuple(class_names[: len(known)]) == known
    if not report.mismatched or not is_grown:
        return False
    narrow, _ = start_from(report.path, network.architecture.name, len(known))
    source, target = narrow.state_dict(), network.state_dict()
    anchors = network.head.anchors_per_level
    with torch.no_grad():
        for key, _, _ in report.mismatched:
            own, given = _by_anchor(target[key], anchors), _by_anchor(source[key], anchors)
            own[:, : BOX_CHANNELS + len(known)] = given
    return True


def _by_anchor(values: Tensor, anchors: int) -> Tensor:
    """A view (anchors, outputs of one, …) of a tensor whose rows, or columns, are head outputs."""
    rows = values[0] if values.shape[0] == 1 else values  # implicit knowledge is (1, outputs, 1, 1)
    return rows.view(anchors, -1, *rows.shape[1:])
