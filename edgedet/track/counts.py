"""How many objects a source sees, told when that changes and not more often than anyone can use."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from edgedet.analytics import EventType, ObjectEvent, SourceCounts
from edgedet.config.places import LineSettings, ZoneSettings
from edgedet.frame import FrameInfo

_LEAST_S = 1.0  # between two messages
_AGAIN_S = 20.0  # the message expires at the broker, so an unchanged one is told again


class Counts:
    """Counts of one source. For one thread."""

    def __init__(
        self, source_id: str, zones: Iterable[ZoneSettings], lines: Iterable[LineSettings]
    ) -> None:
        """Begin with nothing seen and nothing told."""
        self._source_id = source_id
        self._zones = [zone.name for zone in zones]
        self._crossings = {line.name: dict.fromkeys(line.directions, 0) for line in lines}
        self._now: SourceCounts | None = None
        self._told: SourceCounts | None = None
        self._told_s = float("-inf")

    def add(self, events: Iterable[ObjectEvent]) -> None:
        """Count the crossings among `events`."""
        for event in events:
            if event.type is EventType.CROSS:
                self._crossings[event.place][event.direction] += 1

    def see(
        self, frame: FrameInfo, now_s: float, objects: Iterable[tuple[int, Iterable[str]]]
    ) -> SourceCounts | None:
        """Take in the `objects` of a frame, class and zones; what there is to tell now."""
        classes: Counter[int] = Counter()
        zones: dict[str, Counter[int]] = {name: Counter() for name in self._zones}
        for class_id, names in objects:
            classes[class_id] += 1
            for name in names:
                zones[name][class_id] += 1
        self._now = SourceCounts(
            source_id=self._source_id,
            frame_seq=frame.seq,
            at=frame.capture.utc,
            observed_s=frame.arrival_s,
            classes=dict(classes),
            zones={name: dict(tally) for name, tally in zones.items()},
            crossings=self._copied_crossings(),
        )
        waited_s = now_s - self._told_s
        if waited_s < (_LEAST_S if self._is_news() else _AGAIN_S):
            return None
        self._told, self._told_s = self._now, now_s
        return self._now

    def rest(self) -> SourceCounts | None:
        """What was not told yet, when no other frame will come."""
        if self._now is not None:
            self._now = replace(self._now, crossings=self._copied_crossings())
        if not self._is_news():
            return None
        self._told = self._now
        return self._now

    def _is_news(self) -> bool:
        now, told = self._now, self._told
        if now is None or told is None:
            return now is not None
        return (now.classes, now.zones, now.crossings) != (
            told.classes,
            told.zones,
            told.crossings,
        )

    def _copied_crossings(self) -> Mapping[str, Mapping[str, int]]:
        return {name: dict(tally) for name, tally in self._crossings.items()}
