"""What a bench finds, as values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgedet.stream.stats import Percentiles, Stage


@dataclass(frozen=True, slots=True)
class SourceCost:
    """What a picture costs before the backend: each stage alone, milliseconds a picture.

    `decode_ms` is the wall clock of reading one source as fast as it goes; `decode_cpu_ms` is the
    time of all processors in it.
    """

    width: int
    height: int
    decoder: str
    decode_ms: float
    decode_cpu_ms: float
    paint: Percentiles


@dataclass(frozen=True, slots=True)
class Bare:
    """A backend alone, fed with prepared batches. `run` is a whole batch, `post` a picture.

    `engine` is the file that it runs, if that is another than the bundle's graph.
    """

    images_per_s: float
    run: Percentiles
    post: Percentiles
    engine: Path | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole pipeline. `stages` are milliseconds; `busy` is the backend's share of the time."""

    images_per_s: float
    stages: dict[Stage, Percentiles]
    mean_batch: float
    busy: float
    cpu: float
    """Share of all cores that this process used."""
    seconds: float


@dataclass(frozen=True, slots=True)
class TrtexecFigures:
    """What NVIDIA's own program measured for the same engine or graph."""

    images_per_s: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Row:
    """Everything about one backend at one batch size; `sources` fed the pipeline."""

    backend: str
    batch: int
    bare: Bare
    whole: Whole
    sources: int
    limiter: str
    trtexec: TrtexecFigures | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """So many cameras at so many images a second each, every answer within so long."""

    cameras: int
    fps: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What happened when it was tried. `reason` says what is in the way; empty if nothing is."""

    question: Question
    backend: str
    batch: int
    offered_fps: float
    whole: Whole
    reason: str

    @property
    def holds(self) -> bool:
        """Whether this device does it."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Findings:
    """All of it. `best` has the fastest pipeline, `skipped` is the reason by backend."""

    model: str
    precision: str
    input_hw: tuple[int, int]
    machine: str
    cores: int
    source: str
    cost: SourceCost
    rows: Sequence[Row]
    best: Row
    skipped: dict[str, str] = field(default_factory=dict)
    answer: Answer | None = None
    notes: Sequence[str] = ()
