"""Running a bundle's graph: one protocol, a file for each backend, and the choice among them."""

from edgedet.detect.base import Detector
from edgedet.detect.registry import DetectorFactory, available_backends, create_detector
from edgedet.detect.remembered import ChoiceStore, store_in

__all__ = [
    "ChoiceStore",
    "Detector",
    "DetectorFactory",
    "available_backends",
    "create_detector",
    "store_in",
]
