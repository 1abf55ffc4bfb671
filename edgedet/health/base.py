"""How edgedet is at one moment, as everybody in this room sees it, and what the room asks for.

The composition root fills these in; nothing here knows where a figure comes from.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from edgedet.event import LastRun, SourceStatus

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class Sign:
    """When a stage was last heard of. `is_vital`: without it nothing works, a restart would help.

    `limit_s` is how long it may be silent.
    """

    stage: str
    idle_s: float
    limit_s: float
    is_vital: bool = True

    @property
    def is_stuck(self) -> bool:
        """Whether it has been silent for too long."""
        return self.idle_s > self.limit_s


@dataclass(frozen=True, slots=True)
class StageVitals:
    """Durations of one stage. `counts` has one more item than `bounds_s`, for what lies above."""

    p50_ms: float
    p99_ms: float
    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float


@dataclass(frozen=True, slots=True)
class SourceVitals:
    """One source. `fps` is the rate of its results, `objects` those in its latest frame."""

    status: SourceStatus
    decoded: int
    detected: int
    fps: float
    p50_ms: float
    p99_ms: float
    objects: int
    objects_total: int


@dataclass(frozen=True, slots=True)
class BrokerVitals:
    """The outlet to the broker. `url` and `reason` hold no credentials."""

    url: str
    state: str
    is_connected: bool
    reason: str
    protocol: str
    reconnects: int
    pending: int
    published: int
    dropped: int
    truncated: int
    refused: int = 0
    """Messages that the broker answered with a refusal."""
    is_refusing: bool = False
    """Whether it did so within the last minute."""
    certificate_ends_s: float | None = None
    """In seconds since 1970; None: there is none, or it was not looked at."""


@dataclass(frozen=True, slots=True)
class ModelVitals:
    """The model in use. `backend` is empty until it is loaded."""

    name: str
    version: str
    sha256: str
    precision: str
    input_hw: tuple[int, int]
    class_names: tuple[str, ...]
    score_threshold: float
    backend: str


@dataclass(frozen=True, slots=True)
class Vitals:
    """Everything. `broker` is None without MQTT; `extra` has the figures of optional parts.

    `capacity_fps` is what the detector can answer, 0 while that is not known; `demand_fps` what
    cameras ask for.
    """

    site: str
    device: str
    version: str
    boot: str
    uptime_s: float
    frames: int
    batches: int
    infer_s: float
    unpaintable: int
    capacity_fps: float
    demand_fps: float
    sources: tuple[SourceVitals, ...]
    stages: Mapping[str, StageVitals]
    model: ModelVitals
    broker: BrokerVitals | None
    last_run: LastRun
    signs: tuple[Sign, ...]
    extra: Mapping[str, Mapping[str, int | float | str]] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)
    """Why a part of these, by name, does not do what it should: told, but the device is ready."""


@dataclass(frozen=True, slots=True)
class SampleQuery:
    """Which kept frames are meant: those of `ids`; without, the newest of these kinds."""

    ids: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    source_id: str | None = None
    strategy: str | None = None
    before: str | None = None
    """The id of the one that the first of them was kept before."""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides about kept frames; `action` is approve, reject or undo."""

    action: str
    ids: tuple[str, ...]
    reason: str = ""


class SampleDesk(Protocol):
    """The frames that were kept for labelling, to be looked at and decided about. Any thread.

    Each method raises a UsageError for what cannot be done as asked, and a SampleError where the
    store cannot be used.
    """

    def listed(self, query: SampleQuery) -> JsonObject:
        """Kept frames, newest first, and how it goes with all of them."""
        ...

    def picture(self, sample_id: str, width: int | None) -> bytes | None:
        """A JPEG file, about so wide or as it was kept; None where there is none any more."""
        ...

    def decide(self, decision: Decision) -> JsonObject:
        """Carry out a decision; `done` has the frames as they are now, `late` those it missed."""
        ...

    def keep(self, source_id: str) -> "Future[str]":
        """Keep the next frame of a source: its id, or a SampleError that says why not."""
        ...
