"""Where the scales of a model come from: its own training, or pictures; and what a person adds."""

import difflib
import logging
from collections.abc import Sequence

import onnx

from edgedet.errors import UsageError
from train.evaluate import EvaluationSample
from train.quantize.calibrate import Calibrator
from train.quantize.choosing import choose_pictures
from train.quantize.options import QuantizeOptions
from train.quantize.pictures import letterboxed
from train.quantize.progress import Stages
from train.quantize.scale_table import Fact, ScaleTable
from train.quantize.source import FloatModel

logger = logging.getLogger(__name__)

_BY_HAND = "left in float by hand"
_AT_ONCE = 1  # every inner tensor of a picture is held: a gigabyte for a large network at 1280 px


def scales_of(  # noqa: PLR0913 - what scales depend on
    source: FloatModel,
    pictures: Sequence[EvaluationSample],
    held_out: Sequence[EvaluationSample],
    options: QuantizeOptions,
    stages: Stages,
    facts: dict[str, Fact] | None = None,
) -> ScaleTable:
    """The table that the checkpoint carries, if no calibrator was asked for, else a new one.

    Raises:
        DataError: If the calibration pictures are not what the model knows.
        ModelError: If the float model cannot be run.
    """
    if source.trained_table is not None and options.calibrator is None:
        logger.info("scales: those of quantization-aware training, in the checkpoint")
        return source.trained_table
    bundle = source.bundle
    chosen = choose_pictures(
        bundle, pictures, held_out, options.pictures, stages, force=options.force
    )
    calibrator = Calibrator(onnx.load(bundle.model_path))
    step = stages("calibrate", len(chosen))

    def on_batch(count: int) -> None:
        for _ in range(count):
            step()

    calibrator.watch(letterboxed(chosen, bundle.input_hw, _AT_ONCE), on_batch)
    return calibrator.table(options.calibrator or "histogram-mse", options.percentile, facts or {})


def by_hand(layers: Sequence[str], table: ScaleTable) -> dict[str, str]:
    """Name to reason of the convolutions that a person wants in float.

    Raises:
        UsageError: If there is none of that name.
    """
    for name in layers:
        if name not in table.inputs and name not in table.left_in_float:
            near = difflib.get_close_matches(name, table.inputs, n=3, cutoff=0.0)
            msg = (
                f"--float-layer {name}: there is no such convolution; among the "
                f"{len(table.inputs)} are {', '.join(near)}"
            )
            raise UsageError(msg)
    return {name: _BY_HAND for name in layers if name in table.inputs}
