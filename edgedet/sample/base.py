"""What the rooms of sampling, and those who wire them, know of each other: values and protocols."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from edgedet.errors import UsageError


class State(str, Enum):
    """The life of a kept frame, in order; `REFUSED` may follow each but `DONE`."""

    KEPT = "kept"
    """On disk, and nobody has said yet that it may leave."""
    APPROVED = "approved"
    UPLOADED = "uploaded"
    """The sink has the picture, not yet what the model saw in it."""
    ANNOTATED = "annotated"
    DONE = "done"
    REFUSED = "refused"

    @classmethod
    def named(cls, names: Iterable[str], option: str) -> tuple["State", ...]:
        """The states of these names, as somebody gave them for `option`.

        Raises:
            UsageError: if one is none.
        """
        known = {state.value: state for state in cls}
        wanted = tuple(names)
        unknown = next((name for name in wanted if name not in known), None)
        if unknown is not None:
            msg = f"{option} {unknown[:40]}: expected one of {', '.join(known)}"
            raise UsageError(msg)
        return tuple(known[name] for name in wanted)


@dataclass(frozen=True, slots=True)
class SampleObject:
    """What the model saw: a pre-label. `box` is x1, y1, x2, y2 as shares of width and height."""

    class_id: int
    class_name: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """One kept frame, as the ledger knows it. Times are UTC in ISO 8601.

    `place` is the picture's file, absolute or relative to the store, and None once it is gone;
    `disk_bytes` what its files take; `look` the perceptual hash; `why` the reason in words,
    `reason` that of a refusal, or a remark.
    """

    id: str
    sha256: str
    source_id: str
    seq: int
    captured: str
    kept: str
    strategy: str
    why: str
    tags: tuple[str, ...]
    width: int
    height: int
    size_bytes: int
    objects: tuple[SampleObject, ...]
    look: str
    place: str | None = None
    disk_bytes: int = 0
    state: State = State.KEPT
    reason: str = ""
    remote_id: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Parcel:
    """A sample on its way out: what a sink needs. Sinks read `picture`, and never change it."""

    sample: Sample
    picture: Path
    batch: str
    class_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The sink has it. `place`: where the picture lies from now on, if that is on this disk."""

    remote_id: str
    was_there: bool = False
    place: Path | None = None


class SinkRefusalError(Exception):
    """The sink will never take this sample, as it is; the text says why."""


class SinkBusyError(Exception):
    """The sink may take it later. `after_s`: it said when. `is_general`: it takes nothing now."""

    def __init__(
        self, message: str, *, after_s: float | None = None, is_general: bool = True
    ) -> None:
        """Keep when to come back, and whether others need not try before."""
        super().__init__(message)
        self.after_s = after_s
        self.is_general = is_general


class SinkClosedError(SinkBusyError):
    """The sink takes nothing before a person has acted: a wrong key, no such project."""


class SampleSink(Protocol):
    """Where samples go. Each call may be repeated after a kill, and then must do no harm."""

    @property
    def target(self) -> str:
        """Where that is, in a few words and without secrets: for the audit."""
        ...

    def upload(self, parcel: Parcel) -> Receipt:
        """Hand over the picture.

        Raises:
            SinkRefusalError: it will never be taken.
            SinkBusyError: it may be taken later.
        """
        ...

    def annotate(self, parcel: Parcel, remote_id: str) -> None:
        """Hand over the pre-labels of a picture that is there.

        Raises:
            SinkRefusalError: they will never be taken.
            SinkBusyError: they may be taken later.
        """
        ...

    def close(self) -> None:
        """Free connections; may be called twice."""
        ...


def _never(_source_id: str) -> bool:
    """No source is lossless."""
    return False


@dataclass(frozen=True, slots=True)
class SamplerSettings:
    """Which candidates count as objects, now, and how often a frame is looked at."""

    score_threshold: Callable[[str], float]
    """Of a source, by its id."""
    iou_threshold: Callable[[], float]
    max_fps: float
    is_lossless: Callable[[str], bool] = _never
    """Whether every frame of a source is looked at, by its id."""


@dataclass(slots=True)
class SamplerCounts:
    """What became of the frames since the start. Written by one thread, read by any."""

    looked_at: int = 0
    kept: int = 0
    similar: int = 0
    """Had a reason, but look like one that was kept."""
    no_credit: int = 0
    """Had a reason, but no budget was left."""
    failed: int = 0
    """Could not be written."""
    missed: int = 0
    """Not looked at, as too many waited."""
