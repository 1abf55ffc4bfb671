"""YOLO label files: one object a line, `class cx cy w h`, normalised to the picture.

A polygon row (`class x1 y1 x2 y2 …`, three points or more) is read as the box around it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError

_EDGE_TOLERANCE = 1e-3  # exporters round; a box may stick out by that much and is clipped


def read_labels(path: Path, class_count: int) -> NDArray[np.float32]:
    """The objects of one picture, float32 (n, 5): class id, cx, cy, width, height, in [0, 1].

    A missing file is a picture without objects. Exact duplicates are dropped.

    Raises:
        DataError: if a row cannot be read, names a class beyond `class_count` or leaves the
            picture.
    """
    if not path.is_file():
        return np.zeros((0, 5), dtype=np.float32)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"cannot read label file {path}: {exc}"
        raise DataError(msg) from exc
    rows = [
        _parse_row(line, class_count, f"{path}:{number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not rows:
        return np.zeros((0, 5), dtype=np.float32)
    _, first = np.unique(np.array(rows), axis=0, return_index=True)
    return np.asarray(np.array(rows, dtype=np.float32)[np.sort(first)])


def format_labels(labels: NDArray[np.float32]) -> str:
    """The text of a label file for (n, 5) labels; six decimals, less than 0.01 px at 8K."""
    return "".join(
        f"{int(row[0])} {row[1]:.6f} {row[2]:.6f} {row[3]:.6f} {row[4]:.6f}\n" for row in labels
    )


def _parse_row(line: str, class_count: int, where: str) -> list[float]:
    try:
        numbers = [float(word) for word in line.split()]
    except ValueError as exc:
        msg = f"{where}: '{line.strip()[:80]}' is not a row of numbers"
        raise DataError(msg) from exc
    if len(numbers) >= 7 and len(numbers) % 2 == 1:
        numbers = _box_of_polygon(numbers)
    if len(numbers) != 5:
        msg = f"{where}: {len(numbers)} numbers, expected 5 (class cx cy w h) or a polygon"
        raise DataError(msg)
    class_id = numbers[0]
    if class_id != int(class_id) or not 0 <= class_id < class_count:
        msg = f"{where}: class {class_id:g}, expected a whole number from 0 to {class_count - 1}"
        raise DataError(msg)
    return [class_id, *_checked_box(numbers[1:], where)]


def _box_of_polygon(numbers: list[float]) -> list[float]:
    xs, ys = numbers[1::2], numbers[2::2]
    low_x, high_x, low_y, high_y = min(xs), max(xs), min(ys), max(ys)
    return [
        numbers[0],
        (low_x + high_x) / 2,
        (low_y + high_y) / 2,
        high_x - low_x,
        high_y - low_y,
    ]


def _checked_box(box_cxcywh: list[float], where: str) -> list[float]:
    centre_x, centre_y, width, height = box_cxcywh
    if not np.isfinite(box_cxcywh).all() or width <= 0 or height <= 0:
        msg = f"{where}: box {box_cxcywh} needs finite numbers and a positive size"
        raise DataError(msg)
    edges = np.array(
        [
            centre_x - width / 2,
            centre_y - height / 2,
            centre_x + width / 2,
            centre_y + height / 2,
        ]
    )
    if edges.min() < -_EDGE_TOLERANCE or edges.max() > 1 + _EDGE_TOLERANCE:
        msg = f"{where}: box {box_cxcywh} leaves the picture; expected normalised cx cy w h"
        raise DataError(msg)
    x1, y1, x2, y2 = np.clip(edges, 0, 1).tolist()
    return [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
