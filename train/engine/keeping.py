"""Writing a run's checkpoints, and reading the one that it goes on from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from edgedet.errors import ModelError
from train.engine.plan import RunPlan, Scores
from train.engine.run_folder import RunFolder
from train.engine.state import RunState, differences, pack, unpack
from train.engine.step import DivergedError, Trainee
from train.model.checkpoint import Checkpoint, read_checkpoint
from train.model.saving import CheckpointContent, NotFiniteError, save_checkpoint


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps `last.pt` and `best.pt` of a plan in a folder."""

    folder: RunFolder
    plan: RunPlan

    def save_epoch(
        self, trainee: Trainee, state: RunState, scores: Scores | None, *, is_best: bool
    ) -> None:
        """Write what an epoch leaves.

        The best first: killed in between, a resumed run repeats the epoch and writes both again.

        Raises:
            DivergedError: if the weights have become numbers that no file can hold.
            ModelError: if a file cannot be written; the one before it is then still there.
        """
        scored = {} if scores is None else {"ap50": scores.ap50, "ap": scores.ap}
        facts = self._facts(state) | scored
        with self._telling_divergence(state):
            if is_best:
                content = CheckpointContent(self.plan.class_names, metadata=facts, half=True)
                save_checkpoint(self.folder.best, trainee.ema.model, content)
            self._save_last(trainee, state, facts)
        self.folder.write_results(state.rows)

    def save_midway(self, trainee: Trainee, state: RunState) -> None:
        """Write where a long epoch is, between two updates of the weights.

        Raises:
            DivergedError: if the weights have become numbers that no file can hold.
            ModelError: if the file cannot be written; the one before it is then still there.
        """
        with self._telling_divergence(state):
            self._save_last(trainee, state, self._facts(state))

    def read(self) -> Checkpoint | None:
        """The checkpoint to go on from; None if the run was ended before it wrote one.

        Raises:
            ModelError: if it cannot be read.
        """
        if not self.folder.last.is_file():
            return None
        return read_checkpoint(self.folder.last)

    def restore(self, checkpoint: Checkpoint, trainee: Trainee, *, extend: bool) -> RunState:
        """Put a checkpoint into `trainee`; how far its run was.

        Args:
            checkpoint: From `read`.
            trainee: Made as for a new run.
            extend: Accept more epochs than it was made for.

        Raises:
            ModelError: if it belongs to another plan.
        """
        saved = checkpoint.train or {}
        other, wanted = saved.get("plan"), self.plan.identity()
        told = differences(other, wanted) if isinstance(other, dict) else ["no plan in it"]
        if isinstance(other, dict) and extend and self.plan.epochs >= other.get("epochs", 0):
            told = [each for each in told if not each.startswith("epochs ")]
        if told:
            hint = (
                "; more epochs need --extend" if any(t.startswith("epochs ") for t in told) else ""
            )
            msg = (
                f"cannot resume from {self.folder.last}: it was made with another recipe, data "
                f"set, size, batch or number of epochs: {'; '.join(told)}{hint}; or start a new "
                "run folder"
            )
            raise ModelError(msg)
        trainee.model.load_state_dict(dict(checkpoint.weights))
        trainee.ema.model.load_state_dict(dict(checkpoint.ema or {}))
        return unpack(saved, trainee)

    def explained(self, error: DivergedError, pictures: Sequence[Path], done: int) -> DivergedError:
        """`error` with the pictures of its batch, and what there is to go back to.

        `done` epochs were finished before.
        """
        folders = ", ".join(sorted({str(path.parent) for path in pictures}))
        names = ", ".join(path.name for path in pictures)
        back = self._way_back(done)
        msg = f"{error}; pictures {names} of {folders}; {back}; lower lr0, or check these labels"
        return DivergedError(msg, error.batch)

    def _way_back(self, done: int) -> str:
        if not self.folder.last.is_file():
            return "there is no checkpoint yet"
        best = f", best epoch {self.folder.best}" if self.folder.best.is_file() else ""
        return f"last good checkpoint {self.folder.last} (after {done} epochs{best})"

    @contextmanager
    def _telling_divergence(self, state: RunState) -> Iterator[None]:
        """A few large steps can end an epoch before any loss has told of them."""
        try:
            yield
        except NotFiniteError as exc:
            if state.tally.batches:
                terms, done = (state.tally.sums / state.tally.images).tolist(), len(state.rows)
            else:
                row = state.rows[-1]
                terms = [row.loss_box, row.loss_obj, row.loss_cls, row.loss_total]
                done = row.epoch
            shown = ", ".join(f"{term:.4g}" for term in terms)
            msg = (
                f"training has diverged in epoch {done + 1}: {exc}; its mean loss so far: box, "
                f"obj, cls, total = {shown}; {self._way_back(done)}; lower lr0"
            )
            raise DivergedError(msg, state.tally.batches) from exc

    def _facts(self, state: RunState) -> dict[str, object]:
        return dict(self.plan.facts) | {
            "recipe": self.plan.recipe.model_dump(),
            "epoch": len(state.rows),
            "image_size": self.plan.image_size,
            "torch": torch.__version__,
        }

    def _save_last(self, trainee: Trainee, state: RunState, facts: dict[str, object]) -> None:
        content = CheckpointContent(
            self.plan.class_names,
            ema=trainee.ema.model,
            train=pack(self.plan, trainee, state),
            metadata=facts,
        )
        save_checkpoint(self.folder.last, trainee.model, content)
