"""The detection loss and its assignment."""

from train.loss.ciou import ciou
from train.loss.detection import COMPONENTS, DetectionLoss, Weighting
from train.loss.settings import TINY_HYP, scale_gains

__all__ = ["COMPONENTS", "TINY_HYP", "DetectionLoss", "Weighting", "ciou", "scale_gains"]
