"""From pictures with labels to average precision, through the code that runs on the device."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgedet.detections import Detections
from edgedet.errors import DataError
from train.base import Predictor
from train.evaluate.average_precision import AveragePrecision, Method, average_precision
from train.evaluate.inference import (
    DEFAULT_SETTINGS,
    EvaluationSample,
    EvaluationSettings,
    PictureResult,
    Stopwatch,
    run_pictures,
)
from train.evaluate.match import match_detections
from train.evaluate.report import ClassScores, EvaluationReport
from train.machine import describe_machine


def evaluate(
    predictor: Predictor,
    samples: Sequence[EvaluationSample],
    class_names: Sequence[str],
    settings: EvaluationSettings = DEFAULT_SETTINGS,
    on_picture: Callable[[PictureResult], None] | None = None,
) -> EvaluationReport:
    """AP of `predictor` on `samples`.

    Args:
        predictor: The model; see `train.evaluate.backends`.
        samples: Pictures with labels.
        class_names: Names by class id.
        settings: Thresholds and method, which the report repeats.
        on_picture: Called after each picture, for progress, plots or a confusion matrix.

    Raises:
        DataError: If there are no pictures, or one cannot be read.
        ModelError: If the backend fails.
        UsageError: If rectangles are asked of a graph of one shape.
    """
    if not samples:
        msg = "nothing to evaluate: the split has no pictures"
        raise DataError(msg)
    clock = Stopwatch()
    tally = _Tally()
    for result in run_pictures(predictor, samples, settings, clock):
        start_s = time.perf_counter()
        tally.add(result, settings.method)
        clock.finish_s += time.perf_counter() - start_s
        if on_picture is not None:
            on_picture(result)
    return _report(tally, clock, predictor, class_names, settings)


@dataclass(slots=True)
class _Tally:
    """Detections, which of them are right, and the true classes, picture by picture."""

    found: list[Detections] = field(default_factory=list)
    hits: list[NDArray[np.bool_]] = field(default_factory=list)
    truth: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, result: PictureResult, method: Method) -> None:
        """Match one picture."""
        truth = result.truth_classes
        self.hits.append(match_detections(result.found, result.truth_xyxy, truth, method))
        self.found.append(result.found)
        self.truth.append(truth)

    def score(self, num_classes: int, method: Method) -> tuple[AveragePrecision, NDArray[np.int64]]:
        """AP over all pictures, and the labels of each class."""
        truth = np.concatenate(self.truth)
        score = average_precision(
            np.concatenate(self.hits),
            np.concatenate([one.scores for one in self.found]),
            np.concatenate([one.class_ids for one in self.found]),
            truth,
            method,
        )
        return score, np.bincount(truth, minlength=num_classes)


def _report(
    tally: _Tally,
    clock: Stopwatch,
    predictor: Predictor,
    class_names: Sequence[str],
    settings: EvaluationSettings,
) -> EvaluationReport:
    score, labels = tally.score(len(class_names), settings.method)
    images = len(tally.found)
    return EvaluationReport(
        ap50=score.ap50,
        ap=score.ap,
        precision=_mean(score.precision),
        recall=_mean(score.recall),
        best_score=score.best_score,
        per_class=_per_class(score, labels, class_names),
        images=images,
        labels=int(labels.sum()),
        detections=sum(len(one) for one in tally.found),
        score_threshold=settings.score_threshold,
        iou_threshold=settings.iou_threshold,
        method=settings.method,
        backend=predictor.backend,
        input_hw=predictor.input_hw,
        shape=settings.shape,
        max_detections=settings.max_detections,
        threads=predictor.threads,
        machine=describe_machine(predictor.device),
        speed=clock.speed(images),
    )


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _per_class(
    score: AveragePrecision, labels: NDArray[np.int64], class_names: Sequence[str]
) -> tuple[ClassScores, ...]:
    return tuple(
        ClassScores(
            name=class_names[class_id],
            labels=int(labels[class_id]),
            ap50=float(score.per_class[row, 0]),
            ap=float(score.per_class[row].mean()),
            precision=float(score.precision[row]),
            recall=float(score.recall[row]),
        )
        for row, class_id in enumerate(score.classes.tolist())
    )
