"""The events of one object, from the first to the last."""

from collections import Counter
from collections.abc import Sequence

from edgedet.analytics import EndReason, EventType, ObjectEvent
from edgedet.config.objects import TrackSettings
from edgedet.config.places import LineSettings, ZoneSettings
from edgedet.track.places import Change, Crossing, Sight, Stay

_TYPES = {
    Change.ENTERED: EventType.ENTER,
    Change.DWELT: EventType.DWELL,
    Change.LEFT: EventType.LEAVE,
}


class Story:
    """What one object does: it comes, goes on, stays in zones, crosses lines, and is gone."""

    def __init__(
        self,
        source_id: str,
        settings: TrackSettings,
        zones: Sequence[ZoneSettings],
        lines: Sequence[LineSettings],
    ) -> None:
        """Begin before the first sight. `zones` and `lines` are those for its class."""
        self._source_id = source_id
        self._update_s = settings.update_s
        self._directions = {line.name: line.directions for line in lines}
        self._stays = {zone.name: Stay(settings.settle_s, zone.dwell_s) for zone in zones}
        self._crossings = {line.name: Crossing(line.points, settings.settle_s) for line in lines}
        self._numbers: Counter[str] = Counter()
        self._first: Sight | None = None
        self._last: Sight | None = None
        self._told_s = 0.0

    @property
    def last(self) -> Sight | None:
        """When it was seen last."""
        return self._last

    @property
    def zones(self) -> list[str]:
        """The zones it has entered and not left."""
        return [name for name, stay in self._stays.items() if stay.since is not None]

    def see(self, sight: Sight) -> list[ObjectEvent]:
        """What `sight` tells of the object."""
        events: list[ObjectEvent] = []
        self._last = sight
        if self._first is None:
            self._first, self._told_s = sight, sight.s
            events.append(self._track(EventType.START, sight))
        elif self._update_s and sight.s - self._told_s >= self._update_s:
            self._told_s = sight.s
            events.append(self._track(EventType.UPDATE, sight))
        for name, stay in self._stays.items():
            since = stay.since
            for change, at in stay.see(sight, is_inside=name in sight.zones):
                events.append(self._stay(name, change, since or at, at))
                since = stay.since
        for name, crossing in self._crossings.items():
            events += self._crossed(name, crossing.see(sight))
        return events

    def end(self, reason: EndReason) -> list[ObjectEvent]:
        """What ends with the object, which is followed no more."""
        last = self._last
        if last is None:
            return []
        events: list[ObjectEvent] = []
        for name, crossing in self._crossings.items():
            events += self._crossed(name, crossing.end())
        for name, stay in self._stays.items():
            if stay.since is not None:
                # seen outside, only not for long enough yet
                why = reason if stay.turned is None else EndReason.LEFT
                events.append(self._stay(name, Change.LEFT, stay.since, stay.turned or last, why))
                stay.since = None
        return [*events, self._track(EventType.END, last, reason)]

    def _track(self, kind: EventType, at: Sight, reason: EndReason | None = None) -> ObjectEvent:
        return self._event(kind, at.seen.track_id, self._first or at, at, reason=reason)

    def _stay(
        self,
        name: str,
        change: Change,
        since: Sight,
        at: Sight,
        reason: EndReason = EndReason.LEFT,
    ) -> ObjectEvent:
        if change is Change.ENTERED:
            self._numbers[name] += 1
        why = reason if change is Change.LEFT else None
        event_id = f"{at.seen.track_id}/{name}/{self._numbers[name]}"
        return self._event(_TYPES[change], event_id, since, at, place=name, reason=why)

    def _crossed(self, name: str, crossed: tuple[bool, Sight] | None) -> list[ObjectEvent]:
        if crossed is None:
            return []
        is_right, at = crossed
        self._numbers[name] += 1
        event_id = f"{at.seen.track_id}/{name}/{self._numbers[name]}"
        direction = self._directions[name][0 if is_right else 1]
        return [self._event(EventType.CROSS, event_id, at, at, place=name, direction=direction)]

    def _event(  # noqa: PLR0913 - the fields of an event
        self,
        kind: EventType,
        event_id: str,
        start: Sight,
        at: Sight,
        *,
        place: str = "",
        direction: str = "",
        reason: EndReason | None = None,
    ) -> ObjectEvent:
        return ObjectEvent(
            source_id=self._source_id,
            event_id=event_id,
            type=kind,
            frame_seq=at.frame_seq,
            start=start.utc,
            at=at.utc,
            duration_s=at.s - start.s,
            seen=at.seen,
            place=place,
            direction=direction,
            reason=reason,
        )
