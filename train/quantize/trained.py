"""Checkpoints that were trained as INT8: they have their scales with them."""

from pathlib import Path

from train.model import CheckpointInfo, DetectionNetwork, load_model
from train.quantize.fake_quantization import fake_quantize
from train.quantize.scale_table import METADATA_KEY, ScaleTable, table_from_json


def own_scale_table(info: CheckpointInfo, path: Path) -> ScaleTable | None:
    """The scales that a checkpoint was trained with; None for one that was not trained as INT8.

    Raises:
        ModelError: If what it has in their place is no scale table.
    """
    value = info.metadata.get(METADATA_KEY)
    return None if value is None else table_from_json(value, f"{METADATA_KEY} of {path}")


def load_as_scored(path: Path) -> tuple[DetectionNetwork, CheckpointInfo]:
    """The network in a checkpoint as its run scored it: one that was trained as INT8 rounds.

    In float it may find much less: its weights have learned to make good what rounding does.

    Raises:
        ModelError: If the file cannot be used.
    """
    model, info = load_model(path)
    table = own_scale_table(info, path)
    if table is not None:
        fake_quantize(model, table)
    return model, info
