"""The float model that an INT8 one has to come near: as a rule the float form of its own weights.

Weights that were trained as INT8 have learned to make good what rounding does, and in float they
may find much less. Compared with themselves they would pass every time, so they are compared with
the network that they were.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from train.model import read_checkpoint
from train.quantize.source import FloatModel, Wishes, open_source

logger = logging.getLogger(__name__)

ORIGIN_DIGEST_KEY = "started_from_sha256"  # in a checkpoint's metadata, beside `started_from`


@contextmanager
def open_baseline(source: FloatModel, against: Path | None) -> Iterator[Bundle]:
    """The bundle to compare with.

    Args:
        source: What is quantized.
        against: A checkpoint or bundle that somebody asked for.

    Raises:
        ModelError: If it cannot be read, or takes other pictures or knows other classes.
    """
    path = _origin(source) if against is None else against
    if path is None:
        yield source.bundle
        return
    input_hw, names = source.bundle.input_hw, list(source.bundle.manifest.class_names)
    side = None if path.is_dir() else input_hw[0]  # a bundle has its own shape
    with open_source(path, Wishes(name="float", image_size=side)) as model:
        other = model.bundle
        if (other.input_hw, list(other.manifest.class_names)) != (input_hw, names):
            msg = (
                f"cannot compare with {path}: it takes pictures of {other.input_hw} and knows "
                f"{list(other.manifest.class_names)}, the model to quantize {input_hw} and {names}"
            )
            raise ModelError(msg)
        logger.info("INT8 is compared with the float network of %s", path)
        yield other


def _origin(source: FloatModel) -> Path | None:
    """The checkpoint that `fit --qat` began with, if this is one of its and that is still there."""
    if source.trained_table is None or source.weights is None:
        return None
    metadata = read_checkpoint(source.weights).info.metadata
    path = Path(str(metadata.get("started_from", "")))
    if path.is_file() and file_digest(path) == metadata.get(ORIGIN_DIGEST_KEY):
        return path
    logger.warning(
        "the weights were trained as INT8, and the network that they were (%s) is not here: they "
        "are compared with their own float form, which may find less; give it with --against",
        path,
    )
    return None


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
