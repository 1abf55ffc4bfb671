"""What a person sees while a run goes on: a bar an epoch, then a line with its results."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from train.engine.hooks import Hook, StepResult
from train.engine.run_folder import EpochResult


class ConsoleProgress(Hook):
    """A progress bar on a terminal, and one line an epoch everywhere."""

    def __init__(self, console: Console, epochs: int) -> None:
        """Show the progress of a run of `epochs` epochs on `console`."""
        self._console = console
        self._epochs = epochs
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, loss="")

    def __enter__(self) -> "ConsoleProgress":  # noqa: PYI034 - Self is Python 3.11
        """Start drawing."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing."""
        self._bar.stop()

    def epoch_started(self, epoch: int, images: int, seen: int) -> None:
        """Start the bar of an epoch anew."""
        description = f"epoch {epoch + 1}/{self._epochs}"
        self._bar.reset(self._task, total=images, completed=seen, description=description, loss="")

    def step_done(self, result: StepResult) -> None:
        """Move the bar."""
        loss = f"loss {float(result.terms[3]):.4f}"
        self._bar.update(self._task, advance=result.images, loss=loss)

    def epoch_done(self, result: EpochResult) -> None:
        """Print the line of an epoch."""
        scores = "not scored"
        if result.ap50 is not None and result.ap is not None:
            scores = f"AP@50 {result.ap50:.4f}  AP@50:95 {result.ap:.4f}"
        self._console.print(
            f"epoch {result.epoch + 1}/{self._epochs}  loss {result.loss_total:.4f} "
            f"(box {result.loss_box:.4f} obj {result.loss_obj:.4f} cls {result.loss_cls:.4f})  "
            f"{scores}  {result.images_per_s:.1f} images/s at {result.image_size} px",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
