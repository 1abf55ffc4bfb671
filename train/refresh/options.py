"""What a refresh is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from train.refresh.verdict import Bounds

_PICTURES_SEEN = 4000  # ten minutes at 320 px on a laptop's processor, an hour at 640 px
_MOST_EPOCHS, _FEWEST_EPOCHS = 100, 8


@dataclass(frozen=True, slots=True)
class NewLabels:
    """Where new labels are: exactly one of `samples`, `roboflow` and `data`.

    `labels` and `accepts_predictions` belong to `samples`, as of `train ingest device`.
    """

    samples: Path | None = None
    roboflow: str = ""
    data: Path | None = None
    labels: Path | None = None
    accepts_predictions: bool = False


@dataclass(frozen=True, slots=True)
class RefreshOptions:
    """The options of `train refresh`; see its `--help`."""

    model: Path
    new: NewLabels
    test: Path
    out: Path
    previous: Path | None = None
    weights: Path | None = None
    test_split: str = "auto"
    newest_share: float = 0.2
    val_share: float = 0.1
    recipe: str = "finetune-small"
    epochs: int | None = None
    batch_size: int = 16
    seed: int = 0
    workers: int = 1
    threads: int = 0
    device: str = "auto"
    backend: str = "auto"
    bounds: Bounds = field(default_factory=Bounds)
    int8_budget: float = 0.5
    version: str | None = None
    force: bool = False

    def request(self, model_digest: str) -> Mapping[str, str]:
        """What has to be the same for a refresh to go on, as option and text; see `Journal`."""
        new = self.new
        asked: dict[str, object] = {
            "--model": self.model,
            "the model's digest": model_digest,
            "--samples": new.samples,
            "--roboflow": new.roboflow,
            "--data": new.data,
            "--labels": new.labels,
            "--accept-predictions": new.accepts_predictions,
            "--previous": self.previous,
            "--test": self.test,
            "--test-split": self.test_split,
            "--weights": self.weights,
            "--newest-share": self.newest_share,
            "--val-share": self.val_share,
            "--recipe": self.recipe,
            "--epochs": self.epochs,
            "--batch-size": self.batch_size,
            "--seed": self.seed,
            "--version": self.version,
        }
        return {name: "" if value is None else str(value) for name, value in asked.items()}


def epochs_for(pictures: int) -> int:
    """Epochs over so many training pictures that make some 4000 seen, at least 8 and at most 100.

    >>> [epochs_for(count) for count in (20, 100, 250, 2000)]
    [100, 40, 16, 8]
    """
    return min(max(round(_PICTURES_SEEN / max(pictures, 1)), _FEWEST_EPOCHS), _MOST_EPOCHS)


def next_version(version: str) -> str:
    """The version behind `version`: its last number one higher, or `.1` at the end.

    >>> [next_version(text) for text in ("2", "1.9", "may")]
    ['3', '1.10', 'may.1']
    """
    head, dot, last = version.rpartition(".")
    return f"{head}{dot}{int(last) + 1}" if last.isdecimal() else f"{version}.1"
