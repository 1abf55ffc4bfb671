"""The payloads `edgedet.events/1` and `edgedet.counts/1`. Pure."""

from collections.abc import Sequence
from datetime import datetime

from edgedet.analytics import EventKind, ObjectEvent, SourceCounts, Tally
from edgedet.clock import utc_text
from edgedet.publish.clock_sync import ClockState
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import JsonObject

EVENTS = "edgedet.events/1"
COUNTS = "edgedet.counts/1"

_BOX_DECIMALS = 5  # as in the detections
_SCORE_DECIMALS = 4
_DURATION_DECIMALS = 3


class EventPayloads:
    """Makes the messages about objects for one device. Holds no state; any thread."""

    def __init__(self, origin: Origin) -> None:
        """Speak for `origin`."""
        self._origin = origin

    def event(
        self,
        event: ObjectEvent,
        *,
        seq: int,
        published: datetime,
        clock: ClockState,
        lost_before: int = 0,
    ) -> JsonObject:
        """An event. `seq` counts the events of this source in this boot and makes the id."""
        seen, names = event.seen, event.class_names or self._origin.model.class_names
        message = self._head(EVENTS, event.source_id, f"events/{seq}") | {
            "seq": seq,
            "event": event.event_id,
            "kind": event.type.kind.value,
            "type": event.type.value,
            "time": {
                "at": utc_text(event.at),
                "start": utc_text(event.start),
                "end": utc_text(event.at) if event.type.is_last else None,
                "duration_s": round(max(0.0, event.duration_s), _DURATION_DECIMALS),
                "published": utc_text(published),
                "clock": clock,
            },
            "frame_seq": event.frame_seq,
            "object": {
                "class_id": seen.class_id,
                "label": names[seen.class_id],
                "score": round(seen.score, _SCORE_DECIMALS),
                "box": [round(value, _BOX_DECIMALS) for value in seen.box],
                "track": seen.track_id,
            },
        }
        if lost_before:
            message["lost_before"] = lost_before
        if event.type.kind is EventKind.ZONE:
            message["zone"] = event.place
        if event.type.kind is EventKind.LINE:
            message |= {"line": event.place, "direction": event.direction}
        if event.reason is not None:
            message["reason"] = event.reason.value
        return message

    def counts(
        self, counts: SourceCounts, *, beat: int, published: datetime, expires_at: datetime
    ) -> JsonObject:
        """The objects that a source sees; `beat` numbers the messages, for the id."""
        names = counts.class_names or self._origin.model.class_names
        return self._head(COUNTS, counts.source_id, f"counts/{beat}") | {
            "published": utc_text(published),
            "at": utc_text(counts.at),
            "frame_seq": counts.frame_seq,
            "classes": _by_label(counts.classes, names),
            "zones": {name: _by_label(tally, names) for name, tally in counts.zones.items()},
            "crossings": {name: dict(tally) for name, tally in counts.crossings.items()},
            "expires_at": utc_text(expires_at),
        }

    def _head(self, schema: str, source_id: str, message_id: str) -> JsonObject:
        return {
            "schema": schema,
            "id": f"{self._origin.device}/{self._origin.boot}/{source_id}/{message_id}",
            "device": self._origin.device,
            "boot": self._origin.boot,
            "source": source_id,
        }


def _by_label(tally: Tally, class_names: Sequence[str]) -> dict[str, int]:
    """The numbers by name; two classes of one name are added up."""
    found: dict[str, int] = {}
    for class_id, count in sorted(tally.items()):
        label = class_names[class_id]
        found[label] = found.get(label, 0) + count
    return found
