"""A checkpoint that teaches: whether it knows the classes of a set, and what is said of it."""

import hashlib
from pathlib import Path

from edgedet.errors import ModelError
from train.model import CheckpointInfo, DetectionNetwork

_DIGITS = 12


def check_classes(
    teacher: Path, info: CheckpointInfo, class_names: tuple[str, ...], data: Path
) -> None:
    """See that `teacher` knows the classes of the set, in its order.

    Raises:
        ModelError: if not.
    """
    if (info.names or class_names) != class_names or info.num_classes != len(class_names):
        msg = (
            f"teacher {teacher} knows {info.num_classes} classes {list(info.names)}, {data} has "
            f"{list(class_names)}: expected the same in the same order"
        )
        raise ModelError(msg)


def teacher_fact(path: Path, network: DetectionNetwork, weight: float) -> str:
    """What a checkpoint says of its teacher."""
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()[:_DIGITS]
    return f"{network.architecture.name} {path.name}, sha256 {digest}, weight {weight:g}"
