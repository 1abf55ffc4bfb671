"""The YOLOv7 networks: building, loading, folding."""

from train.model.network import DetectionNetwork, build_model
from train.model.reparameterise import fuse

__all__ = ["DetectionNetwork", "build_model", "fuse"]
