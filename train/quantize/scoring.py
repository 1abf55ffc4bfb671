"""The float and the INT8 model on the same pictures, through the code that runs on the device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgedet.manifest import Bundle
from train.evaluate import (
    BundlePredictor,
    EvaluationReport,
    EvaluationSample,
    EvaluationSettings,
    PictureResult,
    evaluate,
)
from train.evaluate.backends import bundle_backends
from train.evaluate.coco import CocoScores, coco_scores

POINTS = 100.0  # a point of AP is a hundredth


@dataclass(frozen=True, slots=True)
class Comparison:
    """What both models score on one backend; AP is pycocotools' own."""

    fp32: EvaluationReport
    int8: EvaluationReport

    @property
    def backend(self) -> str:
        """What computed."""
        return self.int8.backend

    @property
    def drop_points(self) -> float:
        """Points of AP@50:95 that INT8 loses; negative: it gains."""
        return POINTS * (self.fp32.ap - self.int8.ap)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Pictures to score on, class names, and the NMS threshold of the device."""

    samples: Sequence[EvaluationSample]
    class_names: tuple[str, ...]
    iou_threshold: float
    batch_size: int = 8

    def score(
        self, bundle: Bundle, backend: str, on_picture: Callable[[], None] | None = None
    ) -> EvaluationReport:
        """What `bundle` finds, run by `backend`. Its speed leaves out the first batch of each size.

        Raises:
            DataError: If there are no pictures, or one cannot be read.
            ModelError: If the backend fails.
        """
        settings = EvaluationSettings(iou_threshold=self.iou_threshold, batch_size=self.batch_size)
        results: list[PictureResult] = []

        def keep(result: PictureResult) -> None:
            results.append(result)
            if on_picture is not None:
                on_picture()

        chosen = next(each for each in bundle_backends() if each == backend)
        predictor = BundlePredictor(bundle, chosen, max_batch=self.batch_size)
        try:
            for count in {self.batch_size, len(self.samples) % self.batch_size or self.batch_size}:
                predictor.infer(np.full((count, *bundle.input_hw, 3), 114, dtype=np.uint8))
            report = evaluate(predictor, self.samples, self.class_names, settings, keep)
        finally:
            predictor.close()
        coco = coco_scores(results, len(self.class_names), settings.max_detections)
        return _as_coco_counts(report, coco, self.class_names)


def scoring_backends(wanted: str) -> tuple[str, ...]:
    """The backends to score on: the wanted one, or for `auto` all that run a bundle as it is.

    TensorRT is left out: it runs an engine that is built on its device, and is compared there.
    """
    here = [name for name in bundle_backends() if name != "tensorrt"]
    return tuple(here) if wanted == "auto" else tuple(each for each in here if each == wanted)


def images_per_s(report: EvaluationReport) -> float:
    """Of the backend alone."""
    return 1000.0 / report.speed.infer_ms if report.speed.infer_ms else 0.0


def _as_coco_counts(
    report: EvaluationReport, coco: CocoScores, class_names: Sequence[str]
) -> EvaluationReport:
    """The same with pycocotools' AP, as `train evaluate` tells it."""
    classes = [
        replace(
            one,
            ap50=coco.ap50("all", class_names.index(one.name)) or 0.0,
            ap=coco.ap("all", class_names.index(one.name)) or 0.0,
        )
        for one in report.per_class
    ]
    return replace(report, ap50=coco.ap50() or 0.0, ap=coco.ap() or 0.0, per_class=tuple(classes))
