"""The folder of a run: recipe, results and checkpoints, each written whole."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import yaml

from edgedet.errors import UsageError
from edgedet.files import write_text_atomically
from train.config import Recipe
from train.model.saving import write_error

COLUMNS = (
    "epoch",
    "images_per_s",
    "ap50",
    "ap",
    "loss_box",
    "loss_obj",
    "loss_cls",
    "loss_total",
    "lr",
    "image_size",
    "images_seen",
    "seconds",
)


@dataclass(frozen=True, slots=True)
class EpochResult:
    """A row of `results.csv`; `ap` is AP@50:95, None when the epoch was not scored."""

    epoch: int
    images_per_s: float
    ap50: float | None
    ap: float | None
    loss_box: float
    loss_obj: float
    loss_cls: float
    loss_total: float
    lr: float
    image_size: int
    images_seen: int
    seconds: float

    def cells(self) -> list[str]:
        """The row as text, in the order of `COLUMNS`; empty where there is no value."""
        values = [getattr(self, name) for name in COLUMNS]
        return ["" if v is None else f"{v:.6g}" for v in values]


class RunFolder:
    """`DIR/last.pt`, `best.pt`, `results.csv`, `recipe.yaml`, `report.html`, `tensorboard/`."""

    def __init__(self, folder: Path, *, resume: bool, writes: bool = True) -> None:
        """Use `folder`; a new run wants an empty one, a resumed run that of an earlier one.

        Without `writes` nothing is looked at: of several processes the first does so.

        Raises:
            UsageError: if it is not as it should be, or cannot be written.
        """
        self.folder = folder
        self.last = folder / "last.pt"
        self.best = folder / "best.pt"
        self.results = folder / "results.csv"
        self.recipe = folder / "recipe.yaml"
        self.report = folder / "report.html"
        self.tensorboard = folder / "tensorboard"
        if writes:
            self._prepare(resume=resume)

    def write_recipe(self, recipe: Recipe) -> None:
        """Replace `recipe.yaml`: the recipe with every value.

        Raises:
            ModelError: if it cannot be written.
        """
        self._replace(self.recipe, yaml.safe_dump(recipe.model_dump(), sort_keys=False))

    def write_results(self, rows: list[EpochResult]) -> None:
        """Replace `results.csv`, so that a resumed run never has an epoch twice.

        Raises:
            ModelError: if it cannot be written.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(row.cells() for row in rows)
        self._replace(self.results, text.getvalue())

    def _prepare(self, *, resume: bool) -> None:
        folder = self.folder
        if folder.exists() and not folder.is_dir():
            msg = f"run folder {folder} is a file; choose another --out"
            raise UsageError(msg)
        if resume and not (self.last.is_file() or self.recipe.is_file()):
            msg = f"cannot resume: no run was started in {folder}; start without --resume"
            raise UsageError(msg)
        if not resume and folder.exists() and any(folder.iterdir()):
            msg = (
                f"run folder {folder} is not empty; choose another --out, or continue with --resume"
            )
            raise UsageError(msg)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as exc:
            msg = f"cannot write run folder {folder}: {exc.strerror}"
            raise UsageError(msg) from exc

    def _replace(self, path: Path, text: str) -> None:
        try:
            write_text_atomically(path, text)
        except OSError as exc:
            raise write_error(path, exc) from exc
