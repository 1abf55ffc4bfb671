"""MOTChallenge ground truth and its video, turned into a checked YOLO data set."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from edgedet.errors import DataError
from train.data.labels import format_labels

_MIN_VISIBLE = 0.3  # less of the box than this inside the picture: not an object to learn
_JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames `first` to `last`, both counted in, the first frame of the video being 1."""

    split: str
    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> "FrameRange":
        """The range in `train=1-500`.

        Raises:
            DataError: if `text` is not of that form.
        """
        split, _, numbers = text.partition("=")
        first, _, last = numbers.partition("-")
        if split not in ("train", "val", "test") or not (first.isdigit() and last.isdigit()):
            msg = f"'{text}' is not a split; expected for example train=1-500"
            raise DataError(msg)
        if not 1 <= int(first) <= int(last):
            msg = f"split '{text}': expected 1 <= first <= last"
            raise DataError(msg)
        return cls(split, int(first), int(last))


@dataclass(frozen=True, slots=True)
class IngestSummary:
    """What was written, and what was left out and why."""

    images: int
    objects: int
    ignored_rows: int
    outside_boxes: int
    clipped_boxes: int


def ingest_mot(  # noqa: PLR0913 - the arguments of the command
    video: Path,
    ground_truth: Path,
    ranges: list[FrameRange],
    class_name: str,
    out: Path,
    progress: Callable[[int], None] = lambda _: None,
) -> IngestSummary:
    """Write `out/data.yaml`, pictures and labels for the frames in `ranges`.

    Rows whose flag is 0 are ignored, as MOTChallenge asks. Boxes are clipped to the picture; one
    with less than 30 % of its area inside is left out. Frames without a row become pictures without
    objects.

    Raises:
        DataError: if the folder is in use, ranges overlap, or video and ground truth do not fit.
    """
    _refuse_overlap(ranges)
    if out.exists() and any(out.iterdir()):
        msg = f"output folder {out} is not empty; choose another one or remove it"
        raise DataError(msg)
    boxes, ignored = read_mot(ground_truth)
    last_wanted = max(r.last for r in ranges)
    images = objects = outside = clipped = 0
    for number, image_bgr in _frames(video, last_wanted):
        part = next((r for r in ranges if r.first <= number <= r.last), None)
        if part is None:
            continue
        labels, left_out, cut = to_labels(boxes.get(number, []), image_bgr.shape[:2])
        _write_sample(out, part.split, number, image_bgr, labels)
        images, objects = images + 1, objects + len(labels)
        outside, clipped = outside + left_out, clipped + cut
        progress(images)
    if objects == 0:
        msg = f"{ground_truth} has no object in the frames asked for; check the ranges"
        raise DataError(msg)
    _write_description(out, {r.split for r in ranges}, class_name)
    return IngestSummary(images, objects, ignored, outside, clipped)


def read_mot(path: Path) -> tuple[dict[int, list[NDArray[np.float64]]], int]:
    """Boxes (left, top, width, height) by 1-based frame, and the number of rows to ignore.

    Raises:
        DataError: at the first row that is not `frame, id, left, top, width, height, flag, …`.
    """
    boxes: dict[int, list[NDArray[np.float64]]] = defaultdict(list)
    ignored = 0
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                if not row:
                    continue
                frame, box_ltwh, flag = _parse_mot_row(row, f"{path}:{number}")
                if flag == 0:
                    ignored += 1
                else:
                    boxes[frame].append(box_ltwh)
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"cannot read ground truth {path}: {exc}"
        raise DataError(msg) from exc
    if not boxes:
        msg = f"{path} has no row to learn from (flag other than 0)"
        raise DataError(msg)
    return boxes, ignored


def to_labels(
    boxes_ltwh: list[NDArray[np.float64]], image_hw: tuple[int, ...]
) -> tuple[NDArray[np.float32], int, int]:
    """Labels (n, 5) of class 0, the number of boxes left out, and the number of boxes clipped."""
    height, width = image_hw
    rows, left_out, clipped = [], 0, 0
    for left, top, box_w, box_h in boxes_ltwh:
        x1, y1 = max(left, 0.0), max(top, 0.0)
        x2, y2 = min(left + box_w, width), min(top + box_h, height)
        visible = max(x2 - x1, 0.0) * max(y2 - y1, 0.0)
        if visible < _MIN_VISIBLE * box_w * box_h or visible <= 0:
            left_out += 1
            continue
        clipped += visible < box_w * box_h * (1 - 1e-9)
        rows.append(
            [
                0,
                (x1 + x2) / 2 / width,
                (y1 + y2) / 2 / height,
                (x2 - x1) / width,
                (y2 - y1) / height,
            ]
        )
    return np.array(rows, dtype=np.float32).reshape(-1, 5), left_out, clipped


def _parse_mot_row(row: list[str], where: str) -> tuple[int, NDArray[np.float64], float]:
    try:
        numbers = [float(cell) for cell in row[:7]]
    except ValueError as exc:
        msg = f"{where}: '{','.join(row)[:80]}' is not a row of numbers"
        raise DataError(msg) from exc
    if len(numbers) < 7:
        msg = f"{where}: {len(numbers)} columns, expected frame, id, left, top, width, height, flag"
        raise DataError(msg)
    if numbers[0] != int(numbers[0]) or numbers[0] < 1:
        msg = f"{where}: frame {row[0]}, expected a whole number from 1"
        raise DataError(msg)
    if not np.isfinite(numbers).all() or numbers[4] <= 0 or numbers[5] <= 0:
        msg = f"{where}: box {numbers[2:6]} needs finite numbers and a positive size"
        raise DataError(msg)
    return int(numbers[0]), np.array(numbers[2:6]), numbers[6]


def _refuse_overlap(ranges: list[FrameRange]) -> None:
    ordered = sorted(ranges, key=lambda r: r.first)
    for before, after in pairwise(ordered):
        if after.first <= before.last:
            msg = f"splits {before} and {after} overlap: a frame may be in one split only"
            raise DataError(msg)


def _frames(video: Path, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Decoded BGR frames 1 … last."""
    capture = cv2.VideoCapture(str(video))
    try:
        if not capture.isOpened():
            msg = f"cannot open video {video}: it is missing, or OpenCV has no decoder for it"
            raise DataError(msg)
        for number in range(1, last + 1):
            ok, image = capture.read()
            if not ok:
                msg = f"{video} ends after {number - 1} frames, frame {last} was asked for"
                raise DataError(msg)
            yield number, np.asarray(image, dtype=np.uint8)
    finally:
        capture.release()


def _write_sample(
    out: Path, split: str, number: int, image_bgr: NDArray[np.uint8], labels: NDArray[np.float32]
) -> None:
    image = out / "images" / split / f"{number:06d}.jpg"
    text = out / "labels" / split / f"{number:06d}.txt"
    for folder in (image.parent, text.parent):
        folder.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(image), image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]):
        msg = f"cannot write {image}: is the disk full?"
        raise DataError(msg)
    text.write_text(format_labels(labels), encoding="utf-8")


def _write_description(out: Path, splits: set[str], class_name: str) -> None:
    content: dict[str, object] = {split: f"images/{split}" for split in sorted(splits)}
    content |= {"nc": 1, "names": [class_name]}
    (out / "data.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
