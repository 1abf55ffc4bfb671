"""The order of classes, kept from one model to the next."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError
from train.data.ingest.annotated import Annotated


def like_previous(
    names: tuple[str, ...], previous: tuple[str, ...], items: list[Annotated]
) -> tuple[tuple[str, ...], list[Annotated], str]:
    """Names and pictures with class ids in the order of a previous model, and what was done.

    New classes follow those that the model knows.

    Raises:
        DataError: if the model knows classes that the set has not.
    """
    gone = [name for name in previous if name not in names]
    if gone:
        msg = (
            f"the previous model knows the classes {list(previous)}, the set has {list(names)}: "
            f"{', '.join(gone)} would be lost; add them to the set, or leave --previous out"
        )
        raise DataError(msg)
    new = [name for name in names if name not in previous]
    wanted = (*previous, *new)
    told = "class order as in the previous model"
    if wanted[: len(names)] != names:
        told = f"classes put in the order of the previous model: {', '.join(wanted)}"
    if new:
        told += f"; new: {', '.join(new)}"
    ids = {old: wanted.index(name) for old, name in enumerate(names)}
    moved = [
        replace(item, boxes=tuple(replace(box, class_id=ids[box.class_id]) for box in item.boxes))
        for item in items
    ]
    return wanted, moved, told


def joined_names(first: Sequence[str], *others: Sequence[str]) -> tuple[str, ...]:
    """The names of `first` in their order, behind them those that only `others` have.

    >>> joined_names(["person"], ["car", "person"], ["dog"])
    ('person', 'car', 'dog')
    """
    return tuple(dict.fromkeys([*first, *(name for names in others for name in names)]))


def renumbered(
    labels: NDArray[np.float32], names: Sequence[str], wanted: Sequence[str]
) -> NDArray[np.float32]:
    """Labels (n, 5) whose ids count `names`, with ids that count `wanted`, which has them all."""
    ids = np.array([wanted.index(name) for name in names], dtype=np.float32)
    moved = labels.copy()
    moved[:, 0] = ids[labels[:, 0].astype(np.int64)]
    return moved
