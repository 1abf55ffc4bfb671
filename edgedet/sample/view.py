"""What policies see of a frame: objects above and below the threshold, as values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgedet.vision import nms

FLOOR = 0.01
"""Candidates below are noise of the network: a frame has 300 of them, whatever it shows."""

_SCORE, _CLASS, _RUNNER_UP = 4, 5, 6


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """Objects that the model considered, best score first, overlapping ones merged by NMS.

    `boxes_xyxy` float32 (N, 4) in pixels of the frame; `scores`, `runners_up` float32 (N,), the
    scores of the best and the second class; `class_ids` int32 (N,).
    """

    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    runners_up: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check shapes once."""
        count = len(self.scores)
        others = (self.class_ids.shape, self.runners_up.shape)
        if self.boxes_xyxy.shape != (count, 4) or others != ((count,), (count,)):
            msg = f"expected boxes (N, 4) and three arrays (N,), got {self.boxes_xyxy.shape}"
            raise ValueError(msg)

    def __len__(self) -> int:
        """Number of proposals."""
        return len(self.scores)

    def where(self, chosen: NDArray[np.bool_]) -> "Proposals":
        """Those that are chosen, (N,) bool."""
        return Proposals(
            self.boxes_xyxy[chosen],
            self.scores[chosen],
            self.class_ids[chosen],
            self.runners_up[chosen],
        )

    def above(self, score: float) -> "Proposals":
        """Those with a higher score."""
        return self.where(self.scores > score)

    def of_classes(self, class_ids: frozenset[int] | None) -> "Proposals":
        """Those of some classes; None: all."""
        if class_ids is None:
            return self
        return self.where(np.isin(self.class_ids, np.array(sorted(class_ids), dtype=np.int32)))


def proposals_of(
    candidates: NDArray[np.float32], iou_threshold: float, floor: float = FLOOR
) -> Proposals:
    """The proposals in a model's candidates (K, 7), whose boxes are in pixels of the frame.

    Those above a score threshold are exactly the frame's detections, as NMS goes down the scores.

    Raises:
        ValueError: if `candidates` has another shape.
    """
    if candidates.ndim != 2 or candidates.shape[1] != _RUNNER_UP + 1:
        msg = f"candidates must be (K, 7), got {candidates.shape}"
        raise ValueError(msg)
    rows = candidates[candidates[:, _SCORE] > floor]
    rows = rows[np.isfinite(rows).all(axis=1)]
    class_ids = rows[:, _CLASS].astype(np.int32)
    keep = nms(rows[:, :4], rows[:, _SCORE], class_ids, iou_threshold, len(rows))
    keep = keep[(rows[keep, 2] > rows[keep, 0]) & (rows[keep, 3] > rows[keep, 1])]
    scores = np.clip(rows[keep, _SCORE], 0.0, 1.0).astype(np.float32)
    return Proposals(rows[keep, :4], scores, class_ids[keep], rows[keep, _RUNNER_UP])
