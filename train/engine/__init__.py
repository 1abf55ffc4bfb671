"""The training engine: optimiser, schedule, averaging, and the loop over epochs."""

from train.engine.optimizer import make_optimizer, parameter_groups
from train.engine.plan import Progress, RunPlan, Scores
from train.engine.trainer import Trainer, choose_device

__all__ = [
    "Progress",
    "RunPlan",
    "Scores",
    "Trainer",
    "choose_device",
    "make_optimizer",
    "parameter_groups",
]
