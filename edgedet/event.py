"""What happened to a source, as values that the publisher and the live page understand."""

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
class SourceStatus:
    """How a source is doing now. `reason` never holds credentials.

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
