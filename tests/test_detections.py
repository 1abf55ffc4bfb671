"""Detections check their shapes once."""

from datetime import datetime, timezone

import numpy as np
import pytest

from edgedet.detections import Detections, FrameDetections
from edgedet.frame import CaptureSource, CaptureTime, FrameInfo

_NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


def make(boxes: tuple[int, ...], scores: tuple[int, ...], class_ids: tuple[int, ...]) -> Detections:
    return Detections(
        np.zeros(boxes, dtype=np.float32),
        np.zeros(scores, dtype=np.float32),
        np.zeros(class_ids, dtype=np.int32),
    )


@pytest.mark.parametrize("count", [0, 1, 300])
def test_has_as_many_objects_as_rows(count: int) -> None:
    assert len(make((count, 4), (count,), (count,))) == count


@pytest.mark.parametrize(
    ("boxes", "scores", "class_ids"),
    [
        ((2, 4), (3,), (3,)),
        ((3, 4), (3,), (2,)),
        ((3, 5), (3,), (3,)),
        ((12,), (3,), (3,)),
        ((3, 4), (3, 1), (3,)),
        ((0,), (0,), (0,)),
    ],
)
def test_rows_that_do_not_belong_together_are_refused(
    boxes: tuple[int, ...], scores: tuple[int, ...], class_ids: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"expected shapes \(N, 4\), \(N,\), \(N,\), got"):
        make(boxes, scores, class_ids)


def test_what_is_known_of_objects_is_known_of_each() -> None:
    frame = FrameInfo("gate", 0, 8, 6, None, CaptureTime(_NOON, CaptureSource.FILE), 0.0)
    none = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int32))

    assert FrameDetections(frame, none).tracks == ()
    with pytest.raises(ValueError, match="0 objects with 1 tracks and 0 zones"):
        FrameDetections(frame, none, tracks=("6f1c-1",))
