"""The moments of a run at which others may do something: progress bars, TensorBoard, pruning."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from train.engine.plan import RunPlan
from train.engine.run_folder import EpochResult


@dataclass(frozen=True, slots=True)
class StepResult:
    """A batch that was trained on, in the first process.

    Attributes:
        step: Batches since the start of the run, this one included.
        images: Pictures of the batch in this process.
        terms: Loss terms box, obj, cls, total, float32 on the CPU.
        lr: Learning rate of the layers that are not slowed down.
    """

    step: int
    images: int
    terms: torch.Tensor
    lr: float


class Hook:
    """Override what is needed; called in the first process alone, in the thread of the loop."""

    def run_started(self, plan: RunPlan, done: Sequence[EpochResult], seen: int) -> None:
        """A run begins, or goes on after the epochs `done` and `seen` pictures in all."""

    def epoch_started(self, epoch: int, images: int, seen: int) -> None:
        """Epoch `epoch`, counted from 0, of `images` pictures begins; of which `seen` were seen."""

    def step_done(self, result: StepResult) -> None:
        """A batch was trained on."""

    def epoch_done(self, result: EpochResult) -> None:
        """An epoch was trained, scored or not, and saved. May raise to end the run."""

    def run_ended(self) -> None:
        """The run is over, for whatever reason."""
