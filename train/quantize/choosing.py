"""Calibration pictures from a split: chosen, looked at, asked of the model, or refused."""

import logging
from collections.abc import Sequence

from edgedet.errors import DataError
from edgedet.manifest import Bundle
from train.evaluate import BundlePredictor, EvaluationSample
from train.quantize.looks import digest_of, look_at
from train.quantize.model_check import check_with_model
from train.quantize.pictures import spread
from train.quantize.progress import Stages
from train.quantize.sanity import check_pictures

logger = logging.getLogger(__name__)

_COMPARED = 64  # held-out pictures that calibration pictures are compared with
_ASKED = 48  # labelled pictures that the model is asked about


def choose_pictures(  # noqa: PLR0913 - what a choice depends on
    bundle: Bundle,
    samples: Sequence[EvaluationSample],
    held_out: Sequence[EvaluationSample],
    count: int,
    stages: Stages,
    *,
    force: bool = False,
) -> list[EvaluationSample]:
    """`count` of `samples`, evenly spread, without those that have a fault.

    Args:
        bundle: The float model.
        samples: The split to choose from.
        held_out: The split that the model will be scored on.
        count: How many.
        stages: Told of the progress.
        force: Go on whatever is wrong, as long as there are pictures.

    Raises:
        DataError: If the set cannot be what the model was trained on; all reasons at once.
        ModelError: If the float model cannot be run.
    """
    chosen = spread(samples, count)
    step = stages("look at pictures", len(chosen))
    looks = list(look_at(chosen, step))
    others = list(look_at(spread(held_out, _COMPARED)))
    digests = {digest for digest in map(digest_of, held_out) if digest}
    verdict = check_pictures(looks, others, digests, bundle.input_hw)
    kept = [look.sample for look in verdict.kept]
    problems = list(verdict.problems)
    if kept and not problems:
        stages("ask the float model", 1)
        predictor = BundlePredictor(bundle, "onnxruntime", max_batch=8)
        try:
            answer = check_with_model(predictor, kept, held_out, _ASKED)
        finally:
            predictor.close()
        problems += filter(None, [answer.problem])
        verdict.remarks += filter(None, [answer.remark])
    for line in verdict.remarks:
        logger.warning("%s", line)
    if problems and not (force and kept):
        told = "; ".join(problems)
        msg = f"refused to calibrate: {told}. If this is as it should be, give --force"
        raise DataError(msg)
    for line in problems:
        logger.warning("%s; --force: going on", line)
    return kept
