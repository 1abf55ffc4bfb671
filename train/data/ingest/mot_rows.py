"""The rows of a MOTChallenge `gt.txt`."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgedet.errors import DataError, UsageError
from train.data.ingest.annotated import Box, Tally

IGNORED = "rows ignored (flag 0)"
OTHER_CLASS = "rows ignored (a class that was not asked for)"
_CLASS_COLUMN = 7


@dataclass(frozen=True, slots=True)
class TruthClasses:
    """Class names, and their numbers in column 8 of the ground truth.

    No numbers: every row is of the only class, as in MOT15, whose column 8 holds something else.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...] = ()

    @classmethod
    def parse(cls, texts: list[str], class_name: str) -> "TruthClasses":
        """From `1=pedestrian`, `3=car`, …; or, without any, everything as `class_name`.

        Raises:
            UsageError: if a text is not of that form, or names something twice.
        """
        if not texts:
            return cls((class_name,))
        pairs = [text.partition("=") for text in texts]
        if not all(number.isascii() and number.isdigit() and name for number, _, name in pairs):
            msg = f"--class {', '.join(texts)}: expected NUMBER=NAME, for example 1=pedestrian"
            raise UsageError(msg)
        numbers = tuple(int(number) for number, _, _ in pairs)
        names = tuple(name for _, _, name in pairs)
        if len(set(numbers)) != len(numbers) or len(set(names)) != len(names):
            msg = f"--class {', '.join(texts)}: every number and every name may be given once"
            raise UsageError(msg)
        return cls(names, numbers)


@dataclass(frozen=True, slots=True)
class _Row:
    frame: int
    box: tuple[float, float, float, float]
    flag: float
    class_number: float | None


def read_mot(path: Path, classes: TruthClasses, tally: Tally) -> dict[int, list[Box]]:
    """Boxes in pixels by 1-based frame.

    Raises:
        DataError: at the first row that is not `frame, id, left, top, width, height, flag, …`.
    """
    boxes: dict[int, list[Box]] = defaultdict(list)
    tally[IGNORED] += 0
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, cells in enumerate(csv.reader(file), start=1):
                if cells:
                    row = _parse_row(cells, f"{path}:{number}")
                    class_id = _class_of(row, classes, f"{path}:{number}", tally)
                    if class_id is not None:
                        left, top, width, height = row.box
                        box = Box(class_id, left, top, left + width, top + height)
                        boxes[row.frame].append(box)
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        msg = f"cannot read ground truth {path}: {exc}"
        raise DataError(msg) from exc
    if not boxes:
        msg = f"{path} has no row to learn from (flag other than 0, a class that was asked for)"
        raise DataError(msg)
    return boxes


def _class_of(row: _Row, classes: TruthClasses, where: str, tally: Tally) -> int | None:
    """The class id of a row; None if it is left out."""
    if row.flag == 0:
        tally[IGNORED] += 1
        return None
    if not classes.numbers:
        return 0
    if row.class_number is None:
        msg = f"{where}: no class in column 8, so --class cannot be used; see --class-name"
        raise DataError(msg)
    if row.class_number not in classes.numbers:
        tally[OTHER_CLASS] += 1
        return None
    return classes.numbers.index(int(row.class_number))


def _parse_row(cells: list[str], where: str) -> _Row:
    try:
        numbers = [float(cell) for cell in cells[: _CLASS_COLUMN + 1]]
    except ValueError as exc:
        msg = f"{where}: '{','.join(cells)[:80]}' is not a row of numbers"
        raise DataError(msg) from exc
    if len(numbers) < 7:
        msg = f"{where}: {len(numbers)} columns, expected frame, id, left, top, width, height, flag"
        raise DataError(msg)
    frame, _, left, top, width, height, flag = numbers[:7]
    if not frame.is_integer() or frame < 1:
        msg = f"{where}: frame {cells[0]}, expected a whole number from 1"
        raise DataError(msg)
    if not np.isfinite(numbers[2:6]).all() or width <= 0 or height <= 0:
        msg = f"{where}: box {numbers[2:6]} needs finite numbers and a positive size"
        raise DataError(msg)
    class_number = numbers[_CLASS_COLUMN] if len(numbers) > _CLASS_COLUMN else None
    return _Row(int(frame), (left, top, width, height), flag, class_number)
