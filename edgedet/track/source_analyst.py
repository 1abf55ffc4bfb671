"""All that is made of the detections of one source: selection, tracks, events, counts."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgedet.analytics import EndReason, ObjectEvent, SeenObject
from edgedet.config.source import SourceSettings
from edgedet.detections import Detections, FrameDetections
from edgedet.frame import FrameInfo
from edgedet.track.anchor import anchors_of, normalized
from edgedet.track.association import Found
from edgedet.track.base import Needs, Picture, Report
from edgedet.track.counts import Counts
from edgedet.track.look import looks_of
from edgedet.track.places import Sight
from edgedet.track.selection import Selected, Selection
from edgedet.track.story import Story
from edgedet.track.timebase import Timebase
from edgedet.track.tracker import Track, Tracker
from edgedet.vision.polygons import contains

_WEAK_SCORE = 0.1  # carries on what is known already, however sure one asks it to be for counting
_STRONG_SCORE = 0.4
_COUNTED_S = 1.0  # an object that is hidden for longer is not counted
_GAP_SPANS = 4.0  # so many usual spans without a frame, and more than lost_s: there was no picture
_USUAL_SHARE = 0.1  # of the latest span in what is usual
_FIRST_USUAL_S = 1.0


class SourceAnalyst:
    """One source. For one thread."""

    def __init__(
        self,
        settings: SourceSettings,
        class_names: tuple[str, ...],
        next_id: Callable[[], str],
    ) -> None:
        """`class_names` are the model's; `next_id` names the next object of the device."""
        self._settings = settings
        self._learn(class_names)
        self._timebase = Timebase(is_lossless=settings.is_lossless)
        self._tracker = Tracker(settings.track.lost_s, next_id)
        self._stories: dict[str, Story] = {}
        self._counts = Counts(settings.id, settings.zones, settings.lines)
        self._usual_s = _FIRST_USUAL_S
        self._arrival_s: float | None = None  # of the last frame, while something is followed

    @property
    def settings(self) -> SourceSettings:
        """What it was made from."""
        return self._settings

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that it knows, by id."""
        return self._class_names

    def know(self, class_names: tuple[str, ...]) -> bool:
        """Take in a model's classes, if they go on from those that it knows; whether they do."""
        known = self._class_names
        if class_names is known or known[: len(class_names)] == class_names:
            return True
        if class_names[: len(known)] != known:
            return False
        self._learn(class_names)
        return True

    def needs(self, score_threshold: float) -> Needs:
        """What it wants of the source; `score_threshold` is the model's."""
        lowest = self._selection.lowest_threshold(score_threshold)
        track = self._settings.track
        if not track.enabled:
            return Needs(lowest, picture=False)
        return Needs(min(lowest, _WEAK_SCORE), picture=track.uses_colours)

    def observe(
        self, result: FrameDetections, picture: Picture | None, score_threshold: float
    ) -> tuple[FrameDetections, Report]:
        """Select, follow and tell."""
        selected = self._selection.select(result.detections, result.frame, score_threshold)
        if not self._settings.track.enabled:
            return _published(result, selected, None, ()), Report()
        frame = result.frame
        span_s = self._timebase.span_s(frame)
        events = self._after_gap(span_s)
        step = self._tracker.update(span_s, _found(selected, frame, picture), _frame_wh(frame))
        for gone, reason in step.ended:
            events += self._end(gone, reason)
        events += self._see([track for track in step.tracks if track is not None], frame)
        self._arrival_s = frame.arrival_s if self._tracker.confirmed else None
        self._counts.add(events)
        told = self._counts.see(frame, self._tracker.now_s, self._countable())
        ids = tuple(None if track is None else track.id for track in step.tracks)
        found = selected.detections
        anchors = anchors_of(normalized(found.boxes_xyxy, frame), self._settings.objects.anchor)
        zones = self._zones_of(anchors, found.class_ids)
        report = Report(tuple(events), () if told is None else (told,))
        return _published(result, selected, ids, zones), report

    def idle(self, now_s: float, *, has_ended: bool) -> Report:
        """What it means that no frame came up to now; a file that is not real time may pause."""
        if self._arrival_s is None or (self._settings.is_lossless and not has_ended):
            return Report()
        if now_s - self._arrival_s <= self._longest_gap_s:
            return Report()
        return self.finish(EndReason.SOURCE_ENDED if has_ended else EndReason.SOURCE_LOST)

    def finish(self, reason: EndReason) -> Report:
        """End all objects."""
        self._arrival_s = None
        events = self._end_all(reason)
        self._counts.add(events)
        rest = None if reason is EndReason.SOURCE_LOST else self._counts.rest()
        return Report(tuple(events), () if rest is None else (rest,))

    def _learn(self, class_names: tuple[str, ...]) -> None:
        settings = self._settings
        self._class_names = class_names
        self._zones = {
            zone.name: (np.array(zone.points), _flags(class_names, zone.classes))
            for zone in settings.zones
        }
        self._selection = Selection(settings.objects, class_names)

    @property
    def _longest_gap_s(self) -> float:
        return max(self._settings.track.lost_s, _GAP_SPANS * self._usual_s)

    def _after_gap(self, span_s: float) -> list[ObjectEvent]:
        """End all objects if there was no picture for too long; learn what is usual."""
        if span_s > self._longest_gap_s:
            return self._end_all(EndReason.SOURCE_LOST)
        self._usual_s += _USUAL_SHARE * (span_s - self._usual_s)
        return []

    def _end_all(self, reason: EndReason) -> list[ObjectEvent]:
        ended = self._tracker.end_all(reason)
        return [event for track, why in ended for event in self._end(track, why)]

    def _end(self, track: Track, reason: EndReason) -> list[ObjectEvent]:
        return self._stories.pop(track.id).end(reason)

    def _see(self, tracks: Sequence[Track], frame: FrameInfo) -> list[ObjectEvent]:
        """Tell their stories on."""
        scale = np.array((frame.height / frame.width, 1.0) * 2)
        boxes = np.clip(self._tracker.boxes_of(tracks) * scale, 0.0, 1.0)
        anchors = anchors_of(boxes, self._settings.objects.anchor)
        zones = self._zones_of(anchors, np.array([track.class_id for track in tracks], np.int64))
        events: list[ObjectEvent] = []
        now_s, utc = self._tracker.now_s, frame.capture.utc
        for row, track in enumerate(tracks):
            story = self._stories.get(track.id)
            if story is None:
                story = self._stories[track.id] = self._begin(track)
            (x, y), (x1, y1, x2, y2) = anchors[row].tolist(), boxes[row].tolist()
            seen = SeenObject(track.id, track.class_id, track.score, (x1, y1, x2, y2))
            sight = Sight(now_s, utc, frame.seq, seen, (x, y), frozenset(zones[row]))
            events += story.see(sight)
        return events

    def _begin(self, track: Track) -> Story:
        name = self._class_names[track.class_id]
        settings = self._settings
        zones = [zone for zone in settings.zones if zone.classes is None or name in zone.classes]
        lines = [line for line in settings.lines if line.classes is None or name in line.classes]
        return Story(settings.id, settings.track, zones, lines)

    def _countable(self) -> Iterable[tuple[int, Iterable[str]]]:
        for track in self._tracker.confirmed:
            if self._tracker.now_s - track.seen_s <= _COUNTED_S:
                yield track.class_id, self._stories[track.id].zones

    def _zones_of(
        self, anchors: NDArray[np.float64], class_ids: NDArray[np.integer]
    ) -> tuple[tuple[str, ...], ...]:
        """The zones for the class of each object that its anchor (N, 2) lies in."""
        inside = {
            name: contains(polygon, anchors) & is_meant[class_ids]
            for name, (polygon, is_meant) in self._zones.items()
        }
        return tuple(
            tuple(name for name, flags in inside.items() if flags[row])
            for row in range(len(anchors))
        )


def _flags(class_names: Sequence[str], wanted: Collection[str] | None) -> NDArray[np.bool_]:
    """Which classes are wanted; None: all."""
    return np.array([wanted is None or name in wanted for name in class_names])


def _frame_wh(frame: FrameInfo) -> tuple[float, float]:
    """The frame in its own heights, as the tracker counts."""
    return frame.width / frame.height, 1.0


def _found(selected: Selected, frame: FrameInfo, picture: Picture | None) -> Found:
    """The detections as the tracker wants them."""
    detections = selected.detections
    look_at = None
    if picture is not None:
        shown = picture

        def look_at(rows: NDArray[np.int64]) -> NDArray[np.float64]:
            boxes = shown.letterbox.to_input(detections.boxes_xyxy[rows])
            return looks_of(shown.rgb_hwc, boxes)

    return Found(
        boxes_xyxy=detections.boxes_xyxy.astype(np.float64) / frame.height,
        scores=detections.scores.astype(np.float64),
        class_ids=detections.class_ids,
        looks=None,
        is_strong=selected.counts & (detections.scores >= _STRONG_SCORE),
        may_start=selected.counts,
        look_at=look_at,
    )


def _published(
    result: FrameDetections,
    selected: Selected,
    ids: tuple[str | None, ...] | None,
    zones: tuple[tuple[str, ...], ...],
) -> FrameDetections:
    """`result` with the detections that count."""
    rows = np.flatnonzero(selected.counts)
    found = selected.detections
    kept = Detections(found.boxes_xyxy[rows], found.scores[rows], found.class_ids[rows])
    if ids is None:
        return replace(result, detections=kept)
    return replace(
        result,
        detections=kept,
        tracks=tuple(ids[row] for row in rows),
        zones=tuple(zones[row] for row in rows),
    )
