"""YOLO label files: one object a line, `class cx cy w h`, normalised to the picture.

A polygon row (`class x1 y1 x2 y2 …`, three points or more) is read as the box around it.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError

EDGE_TOLERANCE = 1e-3  # exporters round; a box may stick out by that much and is clipped

RowFault = Literal["not-a-row", "unknown-class", "no-size", "outside"]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that cannot be learned from.

    `line` counts from 1. `row` is what it says, class id, cx, cy, w, h, if it says that much;
    `excess` is how far the box leaves the picture, as a share of it.
    """

    line: int
    fault: RowFault
    told: str
    row: tuple[float, ...] = ()
    excess: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ParsedLabels:
    """A label file's content.

    `rows` float32 (n, 5), clipped to the picture, each once; `lines` (n,) where each was read.
    `repeated` are the lines that say what an earlier one said.
    """

    rows: NDArray[np.float32]
    lines: tuple[int, ...]
    problems: tuple[RowProblem, ...]
    repeated: tuple[int, ...]


def read_labels(path: Path, class_count: int) -> NDArray[np.float32]:
    """The objects of one picture, float32 (n, 5): class id, cx, cy, width, height, in [0, 1].

    A missing file is a picture without objects. Exact duplicates are dropped.

    Raises:
        DataError: if a row cannot be read, names a class beyond `class_count` or leaves the
            picture.
    """
    if not path.is_file():
        return np.zeros((0, 5), dtype=np.float32)
    parsed = parse_labels(read_label_text(path), class_count)
    if parsed.problems:
        first = parsed.problems[0]
        msg = f"{path}:{first.line}: {first.told}"
        raise DataError(msg)
    return parsed.rows


def read_label_text(path: Path) -> str:
    """The text of a label file, without a byte order mark.

    Raises:
        DataError: if it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"cannot read label file {path}: {exc}"
        raise DataError(msg) from exc


def parse_labels(text: str, class_count: int) -> ParsedLabels:
    """Every row of a label file: what can be learned from, and what is wrong with the others."""
    seen: dict[tuple[float, ...], int] = {}
    problems: list[RowProblem] = []
    repeated: list[int] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        row = _parse_row(words, class_count, number)
        if isinstance(row, RowProblem):
            problems.append(row)
        elif row in seen:
            repeated.append(number)
        else:
            seen[row] = number
    rows = np.array(list(seen), dtype=np.float32).reshape(-1, 5)
    return ParsedLabels(rows, tuple(seen.values()), tuple(problems), tuple(repeated))


def format_labels(labels: NDArray[np.float32]) -> str:
    """The text of a label file for (n, 5) labels; six decimals, less than 0.01 px at 8K."""
    return "".join(
        f"{int(row[0])} {row[1]:.6f} {row[2]:.6f} {row[3]:.6f} {row[4]:.6f}\n" for row in labels
    )


def _parse_row(words: list[str], class_count: int, line: int) -> tuple[float, ...] | RowProblem:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return RowProblem(line, "not-a-row", f"'{' '.join(words)[:80]}' is not a row of numbers")
    if len(numbers) >= 7 and len(numbers) % 2 == 1:
        numbers = _box_of_polygon(numbers)
    if len(numbers) != 5:
        told = f"{len(numbers)} numbers, expected 5 (class cx cy w h) or a polygon"
        return RowProblem(line, "not-a-row", told)
    class_id = numbers[0]
    if not (class_id.is_integer() and 0 <= class_id < class_count):
        told = f"class {class_id:g}, expected a whole number from 0 to {class_count - 1}"
        return RowProblem(line, "unknown-class", told)
    return _checked_box(numbers, line)


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


def _checked_box(row: list[float], line: int) -> tuple[float, ...] | RowProblem:
    class_id, centre_x, centre_y, width, height = row
    if not all(map(math.isfinite, row)) or width <= 0 or height <= 0:
        told = f"box {row[1:]} needs finite numbers and a positive size"
        return RowProblem(line, "no-size", told, tuple(row))
    x1, x2 = centre_x - width / 2, centre_x + width / 2
    y1, y2 = centre_y - height / 2, centre_y + height / 2
    excess = max(-x1, -y1, x2 - 1, y2 - 1, 0.0)
    if excess > EDGE_TOLERANCE:
        told = f"box {row[1:]} leaves the picture; expected normalised cx cy w h"
        return RowProblem(line, "outside", told, tuple(row), excess)
    if excess > 0:
        x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, 1.0), min(y2, 1.0)
        return class_id, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
    return class_id, centre_x, centre_y, width, height
