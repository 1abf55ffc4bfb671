"""The detection loss and its assignment."""

from train.loss.ciou import ciou
from train.loss.detection import COMPONENTS, DetectionLoss, Loss, LossFactory, Weighting
from train.loss.settings import TINY_HYP, scale_gains

__all__ = [
    "COMPONENTS",
    "TINY_HYP",
    "DetectionLoss",
    "Loss",
    "LossFactory",
    "Weighting",
    "ciou",
    "scale_gains",
]
