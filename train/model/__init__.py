"""The YOLOv7 networks: building, loading, saving, folding."""

from train.model.checkpoint import Checkpoint, CheckpointInfo, read_checkpoint
from train.model.network import DetectionNetwork, build_model
from train.model.reparameterise import fuse
from train.model.saving import CheckpointContent, save_checkpoint
from train.model.weights import LoadReport, load_model, load_weights, start_from

__all__ = [
    "Checkpoint",
    "CheckpointContent",
    "CheckpointInfo",
    "DetectionNetwork",
    "LoadReport",
    "build_model",
    "fuse",
    "load_model",
    "load_weights",
    "read_checkpoint",
    "save_checkpoint",
    "start_from",
]
