"""Pictures through a model and the device's post-processing, and the time of each stage."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgedet.detections import Detections
from edgedet.errors import UsageError
from edgedet.vision import Letterbox, cxcywh_to_xyxy, select_detections
from train.base import Predictor
from train.evaluate.average_precision import Method
from train.evaluate.backends import TorchPredictor
from train.evaluate.inputs import InputShape, fit_fixed, fit_rect, fixed_batches, rect_batches
from train.evaluate.report import Speed

Fit = Callable[[NDArray[np.uint8], tuple[int, int]], tuple[NDArray[np.uint8], Letterbox]]


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
    shape: InputShape = "fixed"


DEFAULT_SETTINGS = EvaluationSettings()


@dataclass(frozen=True, slots=True, eq=False)
class PictureResult:
    """What was found in a picture and what is there, in its own pixels; truth class ids int32."""

    sample: EvaluationSample
    found: Detections
    truth_xyxy: NDArray[np.float32]
    truth_classes: NDArray[np.int32]


@dataclass(slots=True)
class Stopwatch:
    """Seconds spent in each stage."""

    prepare_s: float = 0.0
    infer_s: float = 0.0
    finish_s: float = 0.0

    def speed(self, images: int) -> Speed:
        """Per picture."""
        stages = (self.prepare_s, self.infer_s, self.finish_s)
        return Speed(*(round(1000 * seconds / images, 3) for seconds in stages))


def run_pictures(
    predictor: Predictor,
    samples: Sequence[EvaluationSample],
    settings: EvaluationSettings,
    clock: Stopwatch,
) -> Iterator[PictureResult]:
    """What `predictor` finds in `samples`: in their order, or by aspect ratio for rectangles.

    Raises:
        DataError: If a picture cannot be read.
        ModelError: If the backend fails.
        UsageError: If rectangles are asked of a graph of one shape.
    """
    if settings.shape == "fixed":
        batches = fixed_batches(samples, settings.batch_size, predictor.input_hw)
        fit: Fit = fit_fixed
    else:
        if not isinstance(predictor, TorchPredictor):
            msg = (
                f"shape rect: a graph on {predictor.backend} takes pictures of one shape, "
                f"{predictor.input_hw}; score the checkpoint, or leave the shape fixed"
            )
            raise UsageError(msg)
        side = max(predictor.input_hw)
        batches = rect_batches(samples, settings.batch_size, side, predictor.stride, _size_of)
        fit = partial(fit_rect, image_size=side)
    for part, input_hw in batches:
        if isinstance(predictor, TorchPredictor):
            predictor = predictor.at(input_hw)
        yield from _batch(predictor, part, fit, settings, clock)


def detect_images(
    predictor: Predictor, images_hwc: Sequence[NDArray[np.uint8]], settings: EvaluationSettings
) -> list[Detections]:
    """What `predictor` finds in RGB pictures (H, W, 3), in their own pixels, as on the device.

    Raises:
        ModelError: If the backend fails.
    """
    images, boxes = zip(*(fit_fixed(one, predictor.input_hw) for one in images_hwc), strict=True)
    rows = zip(predictor.infer(np.stack(images)), boxes, strict=True)
    return [_select(candidates, box, settings) for candidates, box in rows]


def _size_of(sample: EvaluationSample) -> tuple[int, int]:
    height, width = sample.load().shape[:2]
    return height, width


def _batch(
    predictor: Predictor,
    part: Sequence[EvaluationSample],
    fit: Fit,
    settings: EvaluationSettings,
    clock: Stopwatch,
) -> list[PictureResult]:
    times_s = [time.perf_counter()]
    images, boxes = zip(*(fit(s.load(), predictor.input_hw) for s in part), strict=True)
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
    return results


def _result(
    sample: EvaluationSample,
    candidates: NDArray[np.float32],
    box: Letterbox,
    settings: EvaluationSettings,
) -> PictureResult:
    found = _select(candidates, box, settings)
    height, width = box.source_hw
    scale = np.array([width, height, width, height], dtype=np.float32)
    truth = cxcywh_to_xyxy(sample.labels[:, 1:] * scale)
    return PictureResult(sample, found, truth, sample.labels[:, 0].astype(np.int32))


def _select(
    candidates: NDArray[np.float32], box: Letterbox, settings: EvaluationSettings
) -> Detections:
    return select_detections(
        candidates,
        box,
        score_threshold=settings.score_threshold,
        iou_threshold=settings.iou_threshold,
        max_detections=settings.max_detections,
    )
