"""Ground truth in MOTChallenge's form, and tracks laid beside it for TrackEval's metrics."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.track.assignment import assign
from edgedet.vision.boxes import iou_matrix

_IGNORED_IOU = 0.5  # what covers an ignored object by so much does not count


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Objects of one frame: boxes (N, 4) in pixels, who they are, and which of them count."""

    boxes_xyxy: NDArray[np.float64]
    ids: tuple[str, ...]
    counts: NDArray[np.bool_]


Truth = list[Frame]


def read_truth(path: Path) -> Truth:
    """The frames of a MOTChallenge file, from frame 1 to its last."""
    rows: dict[int, list[NDArray[np.float64]]] = defaultdict(list)
    for row in np.loadtxt(path, delimiter=",", ndmin=2):
        rows[int(row[0])].append(row)
    frames = []
    for number in range(1, max(rows) + 1):
        found = np.array(rows[number]).reshape(len(rows[number]), -1)
        boxes = found[:, 2:6] if len(found) else np.empty((0, 4))
        boxes = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        ids = tuple(str(int(row[1])) for row in rows[number])
        flags = np.array([row[6] != 0 for row in rows[number]], dtype=np.bool_)
        frames.append(Frame(boxes, ids, flags))
    return frames


def read_tracks(path: Path, count: int) -> Truth:
    """The first `count` frames that `edgedet detect --track` wrote, without what has no track."""
    frames = []
    for line in path.read_text(encoding="utf-8").splitlines()[:count]:
        message = json.loads(line)
        scale = np.array((message["frame"]["width"], message["frame"]["height"]) * 2, dtype=float)
        objects = [each for each in message["objects"] if each["track"]]
        boxes = np.array([each["box"] for each in objects], dtype=float).reshape(-1, 4) * scale
        ids = tuple(str(each["track"]) for each in objects)
        frames.append(Frame(boxes, ids, np.ones(len(ids), dtype=np.bool_)))
    return frames


def compared(truth: Sequence[Frame], tracks: Sequence[Frame]) -> dict[str, object]:
    """The two beside each other, as TrackEval's metrics take them, without what is ignored."""
    names: tuple[dict[str, int], dict[str, int]] = ({}, {})
    sides: tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]] = ([], [])
    similarity = []
    for real, told in zip(truth, tracks, strict=True):
        iou = iou_matrix(real.boxes_xyxy, told.boxes_xyxy)
        pairs = assign(np.where(iou >= _IGNORED_IOU, iou, 0.0))
        keep = np.ones(len(told.ids), dtype=np.bool_)
        keep[[column for row, column in pairs if not real.counts[row]]] = False
        similarity.append(iou[real.counts][:, keep])
        for side, (frame, flags) in enumerate(((real, real.counts), (told, keep))):
            kept = [name for name, flag in zip(frame.ids, flags, strict=True) if flag]
            numbers = [names[side].setdefault(name, len(names[side])) for name in kept]
            sides[side].append(np.array(numbers, dtype=np.int64))
    return {
        "gt_ids": sides[0],
        "tracker_ids": sides[1],
        "similarity_scores": similarity,
        "num_timesteps": len(truth),
        "num_gt_ids": len(names[0]),
        "num_tracker_ids": len(names[1]),
        "num_gt_dets": sum(map(len, sides[0])),
        "num_tracker_dets": sum(map(len, sides[1])),
    }
