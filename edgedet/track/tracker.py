"""Follows the objects of one source: which detections are one object, when it is there and gone.

Boxes are in heights of the frame here, so that nothing depends on the resolution. Knows neither
zones nor messages, and no time but the spans that it is told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgedet.analytics import EndReason
from edgedet.track.association import Expected, Floats, Found, associate
from edgedet.track.motion import Motion
from edgedet.vision.boxes import iou_matrix

_SURE = 1.5  # sum of the scores after which an object is reported: two good sights, or five poor
_DOUBT = 0.7  # scores times seconds that it takes, too, if it may be a second box of another:
_NEW_IOU = 0.3  # it overlaps more with that,
_NEW_COVERED = 0.3  # or lies within it by more
_ALONE_IOU = 0.15  # what overlaps more shows the colours of two
_LOOK_RATE = 0.05
_EARLY_HITS = 5  # before, any look is better than the first
_EDGE = 0.02  # of the frame's height: what was last seen so near to an edge has left by it


@dataclass(slots=True, eq=False)
class Track:
    """An object that is followed. Its tracker alone changes it; `id` is empty until it is sure."""

    class_id: int
    score: float
    box_xyxy: Floats
    look: Floats | None
    seen_s: float
    id: str = ""
    hits: int = 1
    evidence: float = 0.0
    doubt: float = 0.0
    is_fresh: bool = True

    @property
    def is_confirmed(self) -> bool:
        """Whether it has been reported."""
        return bool(self.id)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What a frame brought. `tracks` has the object of each detection, None where there is none.

    `ended` are confirmed objects that are followed no more, and why.
    """

    tracks: tuple[Track | None, ...]
    ended: tuple[tuple[Track, EndReason], ...]


@dataclass(slots=True, eq=False)
class Tracker:
    """`update` with every frame in order. `next_id` names the objects. For one thread."""

    lost_s: float
    next_id: Callable[[], str]
    now_s: float = 0.0
    _tracks: list[Track] = field(default_factory=list)
    _motion: Motion = field(default_factory=lambda: Motion.starting(np.zeros((0, 4))))

    @property
    def confirmed(self) -> list[Track]:
        """The objects that have been reported and have not ended, hidden ones included."""
        return [track for track in self._tracks if track.is_confirmed]

    def update(self, span_s: float, found: Found, frame_wh: tuple[float, float]) -> Step:
        """Take in the detections of a frame `span_s` after the one before."""
        self.now_s += span_s
        is_hidden = np.array([not track.is_fresh for track in self._tracks], dtype=np.bool_)
        self._motion = self._motion.after(span_s, is_hidden)
        expected = self._expected()
        found = found.seen_by(expected)
        pairs = associate(expected, found)
        tracks: list[Track | None] = [None] * len(found)
        for row, column in pairs:
            tracks[column] = self._tracks[row]
        self._see(pairs, found)
        ended = self._forget({row for row, _ in pairs}, frame_wh)
        self._begin([column for _, column in pairs], tracks, found)
        for number, track in enumerate(tracks):
            if track is not None and not track.is_confirmed:
                tracks[number] = None
        return Step(tuple(tracks), tuple(ended))

    def boxes_of(self, tracks: Sequence[Track]) -> Floats:
        """Where these objects are, smoothed: boxes (N, 4)."""
        rows = [self._tracks.index(track) for track in tracks]
        return self._motion.boxes_xyxy[rows] if rows else np.zeros((0, 4))

    def end_all(self, reason: EndReason) -> list[tuple[Track, EndReason]]:
        """Follow nothing any more; the objects that had been reported."""
        ended = [(track, reason) for track in self.confirmed]
        self._tracks.clear()
        self._motion = Motion.starting(np.zeros((0, 4)))
        return ended

    def _expected(self) -> Expected:
        tracks = self._tracks
        looks = [track.look for track in tracks if track.look is not None]
        return Expected(
            boxes_xyxy=self._motion.boxes_xyxy,
            spread=self._motion.spread,
            class_ids=np.array([track.class_id for track in tracks], dtype=np.int32),
            looks=np.stack(looks) if tracks and len(looks) == len(tracks) else None,
            is_confirmed=np.array([track.is_confirmed for track in tracks], dtype=np.bool_),
            is_fresh=np.array([track.is_fresh for track in tracks], dtype=np.bool_),
        )

    def _see(self, pairs: list[tuple[int, int]], found: Found) -> None:
        """Move the objects of `pairs` to their detections, and learn how they look."""
        if not pairs:
            return
        rows = np.array([row for row, _ in pairs], dtype=np.int64)
        columns = [column for _, column in pairs]
        self._motion = self._motion.seen(rows, found.boxes_xyxy[columns])
        is_alone = _are_alone(found.boxes_xyxy)
        for row, column in pairs:
            track = self._tracks[row]
            track.hits += 1
            track.score = float(found.scores[column])
            track.evidence += track.score
            track.doubt -= track.score * (self.now_s - track.seen_s)
            track.box_xyxy = found.boxes_xyxy[column].copy()
            track.seen_s = self.now_s
            is_clear = is_alone[column] or track.hits <= _EARLY_HITS
            if found.looks is not None and found.is_strong[column] and is_clear:
                _learn(track, found.looks[column])
            is_sure = track.evidence >= _SURE and track.doubt <= 0.0
            if is_sure and not track.is_confirmed:
                track.id = self.next_id()

    def _forget(
        self, seen_rows: set[int], frame_wh: tuple[float, float]
    ) -> list[tuple[Track, EndReason]]:
        """Drop what is gone: candidates at once, others after `lost_s`, or out of the picture."""
        ended = []
        keeps = np.ones(len(self._tracks), dtype=np.bool_)
        for row, track in enumerate(self._tracks):
            track.is_fresh = row in seen_rows
            if track.is_fresh:
                continue
            is_out = not _is_inside(self._motion.centre[row], frame_wh)
            if not track.is_confirmed:
                keeps[row] = False
            elif is_out or self.now_s - track.seen_s > self.lost_s:
                keeps[row] = False
                has_left = is_out or _is_at_edge(track.box_xyxy, frame_wh)
                ended.append((track, EndReason.LEFT if has_left else EndReason.LOST))
        if not keeps.all():
            self._tracks = [track for track, keep in zip(self._tracks, keeps, strict=True) if keep]
            self._motion = self._motion.only(keeps)
        return ended

    def _begin(self, taken: list[int], tracks: list[Track | None], found: Found) -> None:
        """Make objects of detections that belong to none, best first."""
        seen = [found.boxes_xyxy[column] for column in taken]
        started: list[int] = []
        for column in np.argsort(-found.scores, kind="stable").tolist():
            if column in taken or not found.may_start[column]:
                continue
            is_doubtful = bool(seen) and _is_part(found.boxes_xyxy[column], np.stack(seen))
            seen.append(found.boxes_xyxy[column])
            started.append(column)
            score = float(found.scores[column])
            track = Track(
                class_id=int(found.class_ids[column]),
                score=score,
                box_xyxy=found.boxes_xyxy[column].copy(),
                look=None if found.looks is None else found.looks[column].copy(),
                seen_s=self.now_s,
                evidence=score,
                doubt=_DOUBT if is_doubtful else 0.0,
            )
            self._tracks.append(track)
            tracks[column] = track
        if started:
            self._motion = self._motion.with_more(Motion.starting(found.boxes_xyxy[started]))


def _learn(track: Track, look: Floats) -> None:
    """Let `look` count among what is known of the object's looks."""
    if track.look is None:
        track.look = look.copy()
        return
    share = max(_LOOK_RATE, 1.0 / track.hits)
    mixed = (1 - share) * track.look + share * look
    track.look = mixed / max(float(np.linalg.norm(mixed)), np.finfo(np.float64).tiny)


def _are_alone(boxes_xyxy: Floats) -> NDArray[np.bool_]:
    """Which boxes (N,) show one object only."""
    overlap = iou_matrix(boxes_xyxy, boxes_xyxy)
    np.fill_diagonal(overlap, 0.0)
    return np.asarray(overlap.max(axis=1, initial=0.0) < _ALONE_IOU)


def _is_part(box_xyxy: Floats, others_xyxy: Floats) -> bool:
    """Whether a box may be a second one of an object that is there already."""
    if iou_matrix(box_xyxy[None], others_xyxy).max() > _NEW_IOU:
        return True
    low = np.maximum(others_xyxy[:, :2], box_xyxy[:2])
    high = np.minimum(others_xyxy[:, 2:], box_xyxy[2:])
    inter = np.prod(np.clip(high - low, 0.0, None), axis=1)
    return bool((inter > _NEW_COVERED * np.prod(box_xyxy[2:] - box_xyxy[:2])).any())


def _is_inside(centre: Floats, frame_wh: tuple[float, float]) -> bool:
    return bool(0.0 <= centre[0] <= frame_wh[0] and 0.0 <= centre[1] <= frame_wh[1])


def _is_at_edge(box_xyxy: Floats, frame_wh: tuple[float, float]) -> bool:
    """Whether a box touches an edge of the picture."""
    x1, y1, x2, y2 = box_xyxy.tolist()
    return bool(
        x1 <= _EDGE or y1 <= _EDGE or x2 >= frame_wh[0] - _EDGE or y2 >= frame_wh[1] - _EDGE
    )
