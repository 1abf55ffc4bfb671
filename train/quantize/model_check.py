"""Whether the model knows calibration pictures: told from what it finds of their labels.

Wrong numbers in a picture, a range or an order of colours, show in what a trained network finds,
even where every picture looks fine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgedet.vision import cxcywh_to_xyxy
from edgedet.vision.boxes import iou_matrix
from train.evaluate import EvaluationSample, EvaluationSettings, Predictor
from train.evaluate.inference import detect_images
from train.quantize.pictures import spread

_IOU = 0.5
_AT_ONCE = 8
_SIGNIFICANT = 3.0  # standard errors of the mean difference of pairs
_FINDS_SOMETHING = 0.1  # mean score of true objects
_MUCH_LESS = 1 / 3


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """Mean score that the model gives to true objects, missed ones counting 0; None: no labels."""

    as_given: float | None
    swapped: float | None
    held_out: float | None
    problem: str
    remark: str = ""


def check_with_model(
    predictor: Predictor,
    chosen: Sequence[EvaluationSample],
    held_out: Sequence[EvaluationSample],
    count: int = 48,
) -> ModelCheck:
    """Ask the float model about `count` labelled pictures, as they are and with colours swapped.

    Raises:
        DataError: If a picture cannot be read.
        ModelError: If the backend fails.
    """
    labelled = spread([sample for sample in chosen if len(sample.labels)], count)
    others = spread([sample for sample in held_out if len(sample.labels)], count)
    if not labelled:
        return ModelCheck(None, None, None, "")
    plain = _known(predictor, labelled, swap=False)
    swapped = _known(predictor, labelled, swap=True)
    as_given, turned = float(plain.mean()), float(swapped.mean())
    there = float(_known(predictor, others, swap=False).mean()) if others else None
    problem = _problem(swapped - plain, as_given, turned, there)
    remark = _remark(as_given) if not problem else ""
    return ModelCheck(as_given, turned, there, problem, remark)


def _remark(as_given: float) -> str:
    """Where held-out pictures may be as wrong as these, nothing is sure but this."""
    if as_given >= _FINDS_SOMETHING:
        return ""
    return (
        f"the model finds the labelled objects of calibration pictures with a mean score of "
        f"{as_given:.2f} only: it is hardly trained, or pictures and labels are not those that it "
        "was trained on, held-out ones included"
    )


def _problem(
    gain: NDArray[np.float64], as_given: float, swapped: float, held_out: float | None
) -> str:
    error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else np.inf
    finds_swapped = swapped > max(_FINDS_SOMETHING, (held_out or 0.0) / 2)
    if finds_swapped and gain.mean() > _SIGNIFICANT * max(error, 1e-6):
        return (
            f"the model finds the labelled objects of calibration pictures with a mean score of "
            f"{swapped:.2f} if red and blue are swapped, and of {as_given:.2f} as they are: they "
            "were saved in the wrong channel order; save them as RGB (OpenCV writes BGR arrays)"
        )
    if held_out is not None and held_out > _FINDS_SOMETHING and as_given < _MUCH_LESS * held_out:
        return (
            f"the model finds the labelled objects of calibration pictures with a mean score of "
            f"{as_given:.2f}, those of held-out ones with {held_out:.2f}: they are not what it was "
            "trained on; check their range, colours, size and labels with `train check`"
        )
    return ""


def _known(
    predictor: Predictor, samples: Sequence[EvaluationSample], *, swap: bool
) -> NDArray[np.float64]:
    """Mean score of the true objects of each picture."""
    settings = EvaluationSettings(score_threshold=0.001)
    found: list[float] = []
    for first in range(0, len(samples), _AT_ONCE):
        part = samples[first : first + _AT_ONCE]
        images = [sample.load() for sample in part]
        if swap:
            images = [np.ascontiguousarray(image[:, :, ::-1]) for image in images]
        for sample, image, detections in zip(
            part, images, detect_images(predictor, images, settings), strict=True
        ):
            height, width = image.shape[:2]
            scale = np.array([width, height, width, height], dtype=np.float32)
            truth = cxcywh_to_xyxy(sample.labels[:, 1:] * scale)
            same = detections.class_ids[None, :] == sample.labels[:, :1].astype(np.int32)
            hits = (iou_matrix(truth, detections.boxes_xyxy) >= _IOU) & same
            scores = np.where(hits, detections.scores[None, :], 0.0)
            found.append(float(scores.max(axis=1, initial=0.0).mean()))
    return np.array(found, dtype=np.float64)
