"""`edgedet.events/1` and `edgedet.counts/1`: what became of objects, and how many there are."""

from collections.abc import Mapping

from edgedet.messages.base import Box, Count, DeviceMessage, NumberedMessage, Part, Utc


class EventTime(Part):
    """When it began, when it was last seen (None: it goes on), and what this message tells of."""

    at: Utc
    start: Utc
    end: Utc | None
    duration_s: float
    published: Utc
    clock: str


class TrackedObject(Part):
    """The object."""

    class_id: Count
    label: str
    score: float
    box: Box
    track: str


class Event(NumberedMessage):
    """Something that happened to one object; `event` is the same in all messages of one event."""

    event: str
    kind: str
    type: str
    time: EventTime
    object: TrackedObject
    frame_seq: Count | None = None
    zone: str | None = None
    line: str | None = None
    direction: str | None = None
    reason: str | None = None
    snapshot: str | None = None


class Counts(DeviceMessage):
    """How many objects a source sees, by label; zones by name, crossings by line and direction."""

    published: Utc
    source: str
    at: Utc
    classes: Mapping[str, Count]
    zones: Mapping[str, Mapping[str, Count]]
    crossings: Mapping[str, Mapping[str, Count]]
    expires_at: Utc
    frame_seq: Count | None = None
