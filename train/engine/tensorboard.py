"""TensorBoard events of a run: every column of `results.csv`, and loss and rate between them."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from train.engine.hooks import Hook, StepResult
from train.engine.plan import RunPlan
from train.engine.run_folder import COLUMNS, EpochResult
from train.loss import COMPONENTS

logger = logging.getLogger(__name__)

_POINTS_PER_EPOCH = 20


class TensorBoard(Hook):
    """Writes to a folder. The axis is pictures seen, so runs of other batch sizes compare.

    What a resumed run repeats replaces what was there. Trouble with the disk ends the events, not
    the run.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is written before the run starts."""
        self._folder = folder
        self._writer: SummaryWriter | None = None
        self._seen = 0
        self._next_point = 0
        self._gap = 1

    def run_started(self, plan: RunPlan, done: Sequence[EpochResult], seen: int) -> None:
        """Open the folder, and tell the facts and the recipe."""
        self._seen = self._next_point = seen
        del done
        facts = {**plan.facts, **plan.recipe.model_dump()}
        rows = "\n".join(f"| {name} | {value} |" for name, value in facts.items())

        def begin() -> None:
            self._writer = SummaryWriter(str(self._folder), purge_step=seen + 1 if seen else None)
            self._writer.add_text("run", f"| key | value |\n|-|-|\n{rows}", seen)

        self._try(begin)

    def epoch_started(self, epoch: int, images: int, seen: int) -> None:
        """Space the points of the epoch."""
        del epoch, seen
        self._gap = max(images // _POINTS_PER_EPOCH, 1)

    def step_done(self, result: StepResult) -> None:
        """Loss terms and learning rate, some twenty times an epoch."""
        self._seen += result.images
        if self._seen < self._next_point:
            return
        self._next_point = self._seen + self._gap
        values = dict(zip(COMPONENTS, result.terms.tolist(), strict=True))
        scalars = {f"step/loss_{name}": value for name, value in values.items()}
        self._write(scalars | {"step/lr": result.lr}, self._seen)

    def epoch_done(self, result: EpochResult) -> None:
        """Every column of the epoch's row that has a value."""
        values = {name: getattr(result, name) for name in COLUMNS}
        scalars = {f"epoch/{name}": float(v) for name, v in values.items() if v is not None}
        self._seen = result.images_seen
        self._write(scalars, result.images_seen)
        if self._writer is not None:
            self._try(self._writer.flush)

    def run_ended(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._try(self._writer.close)

    def _write(self, scalars: dict[str, float], seen: int) -> None:
        writer = self._writer
        if writer is None:
            return

        def add() -> None:
            for name, value in scalars.items():
                writer.add_scalar(name, value, seen)

        self._try(add)

    def _try(self, what: Callable[[], None]) -> None:
        try:
            what()
        except OSError as exc:
            self._writer = None
            logger.warning("no more TensorBoard events in %s: %s", self._folder, exc.strerror)
