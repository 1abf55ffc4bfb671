"""What happened to a source, or to the service, as values that publisher and page understand."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class SourceState(str, Enum):
    """The states of the MQTT contract."""

    LIVE = "live"
    DEGRADED = "degraded"
    STALLED = "stalled"
    RECONNECTING = "reconnecting"
    AUTH_FAILED = "auth_failed"
    NO_DECODER = "no_decoder"
    DISABLED = "disabled"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SourceLimit:
    """The rate at which the detector can serve a source that asks for more, and why."""

    fps: float
    reason: str


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source is doing now. `reason` never holds credentials.

    `quarantined` counts damaged frames that were left out, `abandoned` pipelines that did not stop
    in time and were left behind.

    `ended` is ours beside the contract's states: a finite file was read to its end without error.
    """

    source_id: str
    state: SourceState
    since: datetime
    last_frame: datetime | None = None
    fps_in: float = 0.0
    fps_inferred: float = 0.0
    dropped: int = 0
    reconnects: int = 0
    reason: str = ""
    clock_offset_ms: float | None = None
    decoder: str = ""
    quarantined: int = 0
    abandoned: int = 0
    limit: SourceLimit | None = None
    """Set while the detector cannot do all that the source asks for."""


class RunEnd(str, Enum):
    """How a run of the service came to its end, as the next one finds out."""

    FIRST_START = "first_start"
    """There was no run before, as far as `state_dir` knows."""
    STOPPED = "stopped"
    """On purpose: by a signal, or after the time it was told to run."""
    ENDED = "ended"
    """By itself: all sources were finite, and read to their ends."""
    CRASHED = "crashed"
    """With an error, which is the detail."""
    STALLED = "stalled"
    """By the watchdog: a stage that should have got on did not."""
    KILLED = "killed"
    """Without a word, on a machine that ran on: by SIGKILL, for lack of memory, by a fault."""
    POWER_LOSS = "power_loss"
    """Without a word, as the machine was started anew since."""
    UNKNOWN = "unknown"
    """What is kept of the run before cannot be read."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run of the service before this one. `detail` is for people and holds no credentials."""

    end: RunEnd
    detail: str = ""
    boot: str = ""
    ended: datetime | None = None
