"""Scoring a model the way that the device runs it."""

from train.base import Predictor
from train.evaluate.assessment import Assessment, assess
from train.evaluate.average_precision import (
    IOU_THRESHOLDS,
    AveragePrecision,
    Method,
    average_precision,
)
from train.evaluate.backends import (
    BACKENDS,
    BundlePredictor,
    TorchPredictor,
    open_predictor,
)
from train.evaluate.confusion import ConfusionMatrix
from train.evaluate.evaluator import evaluate
from train.evaluate.inference import EvaluationSample, EvaluationSettings, PictureResult
from train.evaluate.inputs import InputShape
from train.evaluate.match import match_detections
from train.evaluate.report import ClassScores, EvaluationReport, Speed

__all__ = [
    "BACKENDS",
    "IOU_THRESHOLDS",
    "Assessment",
    "AveragePrecision",
    "BundlePredictor",
    "ClassScores",
    "ConfusionMatrix",
    "EvaluationReport",
    "EvaluationSample",
    "EvaluationSettings",
    "InputShape",
    "Method",
    "PictureResult",
    "Predictor",
    "Speed",
    "TorchPredictor",
    "assess",
    "average_precision",
    "evaluate",
    "match_detections",
    "open_predictor",
]
