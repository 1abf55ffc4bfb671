"""From pictures with labels to average precision, through the code that runs on the device."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgedet.detections import Detections
from edgedet.errors import DataError
from edgedet.vision import Letterbox, cxcywh_to_xyxy, letterbox, select_detections
from train.evaluate.average_precision import AveragePrecision, Method, average_precision
from train.evaluate.backends import Predictor
from train.evaluate.match import match_detections
from train.evaluate.report import ClassScores, EvaluationReport, Speed


class EvaluationSample(Protocol):
    """A picture with its labels; `train.data.dataset.Sample` is one."""

    @property
    def path(self) -> Path:
        """The picture's file."""
        ...

    @property
    def labels(self) -> NDArray[np.float32]:
        """Labels (n, 5): class id, cx, cy, w, h as shares of the picture."""
        ...

    def load(self) -> NDArray[np.uint8]:
        """The picture, RGB (H, W, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """Conditions of an evaluation. The NMS threshold is the one that the device uses."""

    score_threshold: float = 0.001
    iou_threshold: float = 0.45
    max_detections: int = 300
    batch_size: int = 8
    method: Method = "coco"


@dataclass(frozen=True, slots=True, eq=False)
class PictureResult:
    """What was found in a picture and what is there, in its own pixels; truth class ids int32."""

    sample: EvaluationSample
    found: Detections
    truth_xyxy: NDArray[np.float32]
    truth_classes: NDArray[np.int32]


def evaluate(
    predictor: Predictor,
    samples: Sequence[EvaluationSample],
    class_names: Sequence[str],
    settings: EvaluationSettings = EvaluationSettings(),
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
    """
    if not samples:
        msg = "nothing to evaluate: the split has no pictures"
        raise DataError(msg)
    clock = _Stopwatch()
    tally = _Tally()
    for result in _results(predictor, samples, settings, clock):
        start_s = time.perf_counter()
        tally.add(result, settings.method)
        clock.finish_s += time.perf_counter() - start_s
        if on_picture is not None:
            on_picture(result)
    score, labels = tally.score(len(class_names), settings.method)
    return EvaluationReport(
        ap50=score.ap50,
        ap=score.ap,
        precision=_mean(score.precision),
        recall=_mean(score.recall),
        best_score=score.best_score,
        per_class=_per_class(score, labels, class_names),
        images=len(samples),
        labels=int(labels.sum()),
        detections=sum(len(one) for one in tally.found),
        score_threshold=settings.score_threshold,
        iou_threshold=settings.iou_threshold,
        method=settings.method,
        backend=predictor.backend,
        input_hw=predictor.input_hw,
        speed=clock.speed(len(samples)),
    )


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


@dataclass(slots=True)
class _Stopwatch:
    """Seconds spent in each stage."""

    prepare_s: float = 0.0
    infer_s: float = 0.0
    finish_s: float = 0.0

    def speed(self, images: int) -> Speed:
        """Per picture."""
        stages = (self.prepare_s, self.infer_s, self.finish_s)
        return Speed(*(round(1000 * seconds / images, 3) for seconds in stages))


def _results(
    predictor: Predictor,
    samples: Sequence[EvaluationSample],
    settings: EvaluationSettings,
    clock: _Stopwatch,
) -> Iterator[PictureResult]:
    for first in range(0, len(samples), settings.batch_size):
        part = samples[first : first + settings.batch_size]
        times_s = [time.perf_counter()]
        images, boxes = zip(*(letterbox(s.load(), predictor.input_hw) for s in part), strict=True)
        batch = np.stack(images)
        times_s.append(time.perf_counter())
        candidates = predictor.infer(batch)
        times_s.append(time.perf_counter())
        results = [
            _result(sample, rows, box, settings)
            for sample, rows, box in zip(part, candidates, boxes, strict=True)
        ]
        times_s.append(time.perf_counter())
        clock.prepare_s += times_s[1] - times_s[0]
        clock.infer_s += times_s[2] - times_s[1]
        clock.finish_s += times_s[3] - times_s[2]
        yield from results


def _result(
    sample: EvaluationSample,
    candidates: NDArray[np.float32],
    box: Letterbox,
    settings: EvaluationSettings,
) -> PictureResult:
    found = select_detections(
        candidates,
        box,
        score_threshold=settings.score_threshold,
        iou_threshold=settings.iou_threshold,
        max_detections=settings.max_detections,
    )
    height, width = box.source_hw
    scale = np.array([width, height, width, height], dtype=np.float32)
    truth = cxcywh_to_xyxy(sample.labels[:, 1:] * scale)
    return PictureResult(sample, found, truth, sample.labels[:, 0].astype(np.int32))
