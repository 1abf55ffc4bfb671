"""The training engine: optimiser, schedule, averaging, and the loop over epochs."""

from train.engine.hooks import Hook, StepResult
from train.engine.machine import Machine
from train.engine.optimizer import make_optimizer, parameter_groups
from train.engine.plan import RunPlan, Scores
from train.engine.precision import Precision, choose_device
from train.engine.trainer import Trainer

__all__ = [
    "Hook",
    "Machine",
    "Precision",
    "RunPlan",
    "Scores",
    "StepResult",
    "Trainer",
    "choose_device",
    "make_optimizer",
    "parameter_groups",
]
