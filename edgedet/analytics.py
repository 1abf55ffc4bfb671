"""What became of the objects in a source's pictures: events and counts, as values.

Made by the tracker, read by the sinks and the live page. Classes are ids here, of the model that
found them: `class_names` are its names, or none, for the model that the device began with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class EventKind(str, Enum):
    """What an event is about."""

    TRACK = "track"
    """An object, from when it was first seen to when it was last seen."""
    ZONE = "zone"
    """A stay of an object in a zone."""
    LINE = "line"
    """An object that crossed a line."""


class EventType(str, Enum):
    """What happened; the words of the message."""

    START = "start"
    UPDATE = "update"
    END = "end"
    ENTER = "enter"
    DWELL = "dwell"
    LEAVE = "leave"
    CROSS = "cross"

    @property
    def kind(self) -> EventKind:
        """What it can happen to."""
        return _KINDS[self]

    @property
    def is_last(self) -> bool:
        """Whether no later message tells of the same event."""
        return self in {EventType.END, EventType.LEAVE, EventType.CROSS}


_KINDS = {
    EventType.START: EventKind.TRACK,
    EventType.UPDATE: EventKind.TRACK,
    EventType.END: EventKind.TRACK,
    EventType.ENTER: EventKind.ZONE,
    EventType.DWELL: EventKind.ZONE,
    EventType.LEAVE: EventKind.ZONE,
    EventType.CROSS: EventKind.LINE,
}


class EndReason(str, Enum):
    """Why a track or a stay in a zone came to its end: what is known, and what is not."""

    LEFT = "left"
    """It was seen to go: out of the zone, or to the edge of the picture."""
    LOST = "lost"
    """There were pictures, and it was in none of them: hidden, or missed by the detector."""
    SOURCE_LOST = "source_lost"
    """There were no pictures for too long; what became of it is unknown."""
    SOURCE_ENDED = "source_ended"
    """The file has ended."""
    STOPPED = "stopped"
    """The service was stopped."""


@dataclass(frozen=True, slots=True)
class SeenObject:
    """An object as it was last seen. `box` is x1, y1, x2, y2 as parts of the frame, in [0, 1]."""

    track_id: str
    class_id: int
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """Something that happened to one object. Times are capture times.

    `event_id` is the same in all messages of one event: of a track, of a stay in a zone. `seen` is
    the object at `at`, the moment that this message tells of. `duration_s` runs from `start` to it,
    on a clock that never steps. `place` names the zone or line.
    """

    source_id: str
    event_id: str
    type: EventType
    frame_seq: int
    start: datetime
    at: datetime
    duration_s: float
    seen: SeenObject
    place: str = ""
    direction: str = ""
    reason: EndReason | None = None
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an event that would say too little."""
        is_placed = self.type.kind is not EventKind.TRACK
        is_ended = self.type in {EventType.END, EventType.LEAVE}
        if bool(self.place) != is_placed or (self.reason is not None) != is_ended:
            msg = f"{self.type.value}: place '{self.place}' and reason {self.reason} do not fit"
            raise ValueError(msg)


Tally = Mapping[int, int]
"""Class id to number of objects."""


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """How many objects a source sees now. `observed_s` is the monotonic time of the frame.

    `zones` has every zone, `crossings` every line and direction, be the number 0. Crossings count
    from the start of the service.
    """

    source_id: str
    frame_seq: int
    at: datetime
    observed_s: float
    classes: Tally
    zones: Mapping[str, Tally]
    crossings: Mapping[str, Mapping[str, int]]
    class_names: tuple[str, ...] = ()
