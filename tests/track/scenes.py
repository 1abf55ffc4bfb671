"""What the tests of this room share: detections as a detector gives them, sources, and sights."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import numpy as np

from edgedet.analytics import EventType, ObjectEvent, SeenObject
from edgedet.config.source import SourceSettings
from edgedet.detections import Detections, FrameDetections
from edgedet.frame import CaptureSource, CaptureTime, FrameInfo
from edgedet.track.association import Found
from edgedet.track.places import Sight
from edgedet.vision.polygons import Point

START = datetime(2026, 5, 4, 9, tzinfo=timezone.utc)
WIDTH, HEIGHT = 800, 400
FPS = 10.0
BOOT = "6f1c2a90"
CLASSES = ("person", "car")

Box = tuple[float, float, float, float]


def walker(feet: Point, height: float = 0.3) -> Box:
    """The box of someone who stands at `feet`, all in parts of the frame."""
    half = height * HEIGHT / WIDTH / 5
    return feet[0] - half, feet[1] - height, feet[0] + half, feet[1]


def frame_at(t_s: float, seq: int | None = None, source_id: str = "gate") -> FrameInfo:
    return FrameInfo(
        source_id=source_id,
        seq=round(t_s * FPS) if seq is None else seq,
        width=WIDTH,
        height=HEIGHT,
        pts_ns=round(t_s * 1e9),
        capture=CaptureTime(START + timedelta(seconds=t_s), CaptureSource.FILE),
        arrival_s=1000.0 + t_s,
    )


def result_at(
    t_s: float,
    boxes: Sequence[Box],
    scores: Sequence[float] | None = None,
    class_ids: Sequence[int] | None = None,
    source_id: str = "gate",
) -> FrameDetections:
    """Detections of a frame at `t_s`; boxes in parts of the frame."""
    scale = np.array((WIDTH, HEIGHT, WIDTH, HEIGHT))
    return FrameDetections(
        frame_at(t_s, source_id=source_id),
        Detections(
            (np.array(boxes, np.float64).reshape(-1, 4) * scale).astype(np.float32),
            np.array(scores if scores is not None else [0.9] * len(boxes), np.float32),
            np.array(class_ids if class_ids is not None else [0] * len(boxes), np.int32),
        ),
    )


def found_at(boxes: Sequence[Box], scores: Sequence[float] | None = None) -> Found:
    """What the tracker is given; boxes in any unit."""
    values = np.array(scores if scores is not None else [0.9] * len(boxes), np.float64)
    return Found(
        boxes_xyxy=np.array(boxes, np.float64).reshape(-1, 4),
        scores=values,
        class_ids=np.zeros(len(boxes), np.int32),
        looks=None,
        is_strong=values >= 0.4,
        may_start=values > 0.25,
    )


def source(**settings: object) -> SourceSettings:
    values = {"id": "gate", "uri": "rtsp://10.0.0.5/1", **settings}
    return SourceSettings.model_validate(values)


def sight(s: float, anchor: Point = (0.5, 0.5), *zones: str) -> Sight:
    seen = SeenObject("6f1c-1", 0, 0.9, (0.4, 0.2, 0.6, 0.5))
    return Sight(s, START + timedelta(seconds=s), round(s * FPS), seen, anchor, frozenset(zones))


def words(events: Sequence[ObjectEvent]) -> list[str]:
    """Each event in a word or three: `enter dock`, `cross door in`, `end lost`."""
    told = []
    for event in events:
        reason = "" if event.reason is None else event.reason.value
        parts = (event.type.value, event.place, event.direction, reason)
        told.append(" ".join(part for part in parts if part))
    return told


def only(events: Sequence[ObjectEvent], *types: EventType) -> list[ObjectEvent]:
    return [event for event in events if event.type in types]
