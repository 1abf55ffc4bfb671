"""The conditions of an experiment, its digest, and the file of its finished rounds."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from train.config import load_recipe
from train.data.dataset import DataSpec

START_WAY = "start"
"""The way of the rounds that all other ways begin with."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A stretch of the pool in which little happens, played so often that it fills most of the day.

    Attributes:
        first: Of its frames, from 0.
        last: The same; both ends are in it.
        times: How often the stretch is played, forth and back in turn.
    """

    first: int
    last: int
    times: int

    def stream(self, frames: int) -> tuple[int, ...]:
        """The pool's frames in the order and as often as the camera sees them."""
        forth = list(range(self.first, self.last + 1))
        quiet = [n for turn in range(self.times) for n in (forth[::-1] if turn % 2 else forth)]
        return (*range(self.first), *quiet, *range(self.last + 1, frames))

    def share(self, frames: int) -> float:
        """How much of the day it fills."""
        stream = self.stream(frames)
        return sum(self.first <= n <= self.last for n in stream) / len(stream)


@dataclass(frozen=True, slots=True)
class Plan:
    """What all rounds have in common.

    Attributes:
        quiet: Makes a day of the pool; None: each frame is seen once.
        pictures: Pictures that a round trains on, repeats counted; to the next whole epoch.
        epoch: Pictures of an epoch, about: few frames are repeated within it, so that rounds of 25
            and of 200 frames have schedules of the same shape.
        start_pictures: The same of the start, which has nothing to begin with.
        labels: Frames that all ways of a seed start with.
        recipe: Of the start, which begins with nothing.
        refining: Of the rounds after it, which begin with the start's weights.
    """

    spec: DataSpec
    out: Path
    image_size: int = 320
    batch_size: int = 16
    pictures: int = 1600
    start_pictures: int = 1600
    epoch: int = 400
    labels: int = 25
    recipe: str = "scratch"
    refining: str = "finetune-small"
    model: str = "yolov7-tiny"
    quiet: Quiet | None = None

    def stream(self) -> Sequence[int]:
        """The pool's frames as the camera sees them, by number; labels are for places in it."""
        frames = len(self.spec.splits["train"])
        return range(frames) if self.quiet is None else self.quiet.stream(frames)

    def busy_share(self) -> float:
        """The part of the stream that is not quiet."""
        frames = len(self.spec.splits["train"])
        return 1.0 if self.quiet is None else 1.0 - self.quiet.share(frames)

    def digest(self) -> str:
        """Names all that shapes a round's result, but for the way, the seed and the machine."""
        facts = {
            "data": self.spec.digest(),
            "recipe": load_recipe(self.recipe).model_dump(),
            "refining": load_recipe(self.refining).model_dump(),
            "image_size": self.image_size,
            "batch_size": self.batch_size,
            "pictures": self.pictures,
            "start_pictures": self.start_pictures,
            "epoch": self.epoch,
            "labels": self.labels,
            "model": self.model,
            "quiet": None if self.quiet is None else asdict(self.quiet),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Round:
    """A model that was trained and scored. `frames` are places in the stream, from 0.

    Attributes:
        way: Who picked the frames that were added to those of the start.
        settings: The digest of that way's settings, of this budget and of those before.
        budget: Frames that might be labelled by then, those of the start included.
        objects: Boxes in them.
        ap: AP@50:95.
    """

    digest: str
    seed: int
    way: str
    settings: str
    budget: int
    objects: int
    ap50: float
    ap: float
    seconds: float
    frames: tuple[int, ...]


def read_rounds(path: Path) -> list[Round]:
    """The finished rounds of a file; a line that a kill cut short is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            values = json.loads(line)
        except ValueError:
            continue
        found.append(Round(**values | {"frames": tuple(values["frames"])}))
    return found


class Rounds:
    """The finished rounds, a line of JSON each. Several processes may add to one file."""

    def __init__(self, path: Path, digest: str) -> None:
        """Know those of the file that were run under `digest`."""
        self._path = path
        self._digest = digest

    def find(self, seed: int, way: str, settings: str) -> Round | None:
        """The round, if it is finished."""
        key = (self._digest, seed, way, settings)
        found = read_rounds(self._path)
        return next((r for r in found if (r.digest, r.seed, r.way, r.settings) == key), None)

    def add(self, done: Round) -> None:
        """Write one down, whole, also if a kill left half a line before it."""
        is_cut = self._path.is_file() and not self._path.read_bytes().endswith(b"\n")
        line = ("\n" if is_cut else "") + json.dumps(asdict(done)) + "\n"
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(file, line.encode())
            os.fsync(file)
        finally:
            os.close(file)
