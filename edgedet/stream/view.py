"""How everything is doing at one moment, as values for tables and summaries."""

from dataclasses import dataclass

from edgedet.event import SourceStatus
from edgedet.stream.feeder import Outcome
from edgedet.stream.stats import Percentiles, SourceFigures, Stage


@dataclass(frozen=True, slots=True)
class SourceView:
    """One source."""

    status: SourceStatus
    decoded: int
    figures: SourceFigures
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole. `broker_url` is empty without MQTT, `broker_state` says how the connection is.

    `spooled` messages are kept on disk until the broker has them.
    """

    sources: tuple[SourceView, ...]
    stages: dict[Stage, Percentiles]
    backend: str
    uptime_s: float
    frames: int
    broker_url: str
    broker_state: str
    topics: str
    spooled: int = 0
