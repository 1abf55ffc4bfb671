"""What every format is read into: pictures with boxes, before a split and before any check."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MIN_VISIBLE = 0.3  # less of a box than this inside the picture: not an object to learn

Tally = Counter[str]
"""How often something was left out or changed, by what a person is told about it."""

OUTSIDE = "boxes left out (outside the picture)"
CLIPPED = "clipped (boxes across the border)"
NO_SIZE = "boxes left out (no size)"


@dataclass(frozen=True, slots=True)
class Box:
    """An object: its corners, in the units of the picture it belongs to."""

    class_id: int
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Annotated:
    """A picture file, what it is called in the new set, and its objects.

    `name` is relative, with `/`. Boxes are in pixels of a picture of `annotated_wh`, or of the
    picture as it is shown if that is None; or they are shares of it, if `normalised`. `split` is
    empty where it is not decided yet.
    """

    path: Path
    name: str
    boxes: tuple[Box, ...]
    annotated_wh: tuple[int, int] | None = None
    split: str = ""
    normalised: bool = False


def to_labels(boxes: tuple[Box, ...], wh: tuple[float, float], tally: Tally) -> NDArray[np.float32]:
    """Labels (n, 5) of boxes in a picture of `wh`: cut at its borders, hidden ones left out.

    A box with less than 30 % of its area inside is left out, and so is one without an area.
    """
    width, height = wh
    rows = []
    for box in boxes:
        area = (box.x2 - box.x1) * (box.y2 - box.y1)
        if not (np.isfinite(area) and box.x2 > box.x1 and box.y2 > box.y1):
            tally[NO_SIZE] += 1
            continue
        x1, y1 = max(box.x1, 0.0), max(box.y1, 0.0)
        x2, y2 = min(box.x2, width), min(box.y2, height)
        visible = max(x2 - x1, 0.0) * max(y2 - y1, 0.0)
        if visible <= 0 or visible < MIN_VISIBLE * area:
            tally[OUTSIDE] += 1
            continue
        tally[CLIPPED] += int(visible < area * (1 - 1e-9))
        centre = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height
        rows.append([box.class_id, *centre, (x2 - x1) / width, (y2 - y1) / height])
    return np.array(rows, dtype=np.float32).reshape(-1, 5)
