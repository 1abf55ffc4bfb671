"""What a checkpoint says of itself that an exported bundle repeats."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgedet.errors import UsageError
from train.model import read_checkpoint

DEFAULT_SIZE = 640


@dataclass(frozen=True, slots=True)
class Origin:
    """Side of the pictures that a checkpoint was trained with, facts for the manifest, the rest."""

    image_size: int
    facts: Mapping[str, str]
    metadata: Mapping[str, object]


def read_origin(weights: Path, image_size: int | None = None, note: str = "") -> Origin:
    """What `weights` says of its own making.

    Args:
        weights: A checkpoint of any form.
        image_size: A side that is wanted instead of the trained one.
        note: A remark to add.

    Raises:
        ModelError: If the checkpoint cannot be read.
        UsageError: If it says a size that is none, and no other is wanted.
    """
    metadata = read_checkpoint(weights).info.metadata
    known = {
        "data_id": str(metadata.get("data_id", "")),
        "commit": str(metadata.get("commit", "")),
        "recipe": str(metadata.get("recipe_name", "")),
        "note": note,
    }
    side = _trained_size(metadata.get("image_size")) if image_size is None else image_size
    return Origin(side, {key: value for key, value in known.items() if value}, metadata)


def _trained_size(value: object) -> int:
    if value is None:
        return DEFAULT_SIZE
    if not isinstance(value, int):
        msg = f"the checkpoint says image_size {value!r}; give --image-size"
        raise UsageError(msg)
    return value
