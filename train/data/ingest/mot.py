"""MOTChallenge ground truth and its video, turned into a checked YOLO data set."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError, UsageError
from train.data.ingest.annotated import CLIPPED, OUTSIDE, to_labels
from train.data.ingest.folder import SetFolder
from train.data.ingest.mot_rows import TruthClasses, read_mot
from train.data.ingest.write import Written

_JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames `first` to `last`, both counted in, every `step`th; the video's first frame is 1."""

    split: str
    first: int
    last: int
    step: int = 1

    @classmethod
    def parse(cls, text: str) -> "FrameRange":
        """The range in `train=1-500`, or `train=1-499/2` for every second frame.

        Raises:
            UsageError: if `text` is not of that form.
        """
        split, _, numbers = text.partition("=")
        numbers, slash, step = numbers.partition("/")
        first, _, last = numbers.partition("-")
        fits = _is_number(first) and _is_number(last) and _is_number(step or "1")
        if split not in ("train", "val", "test") or not fits or (slash and not step):
            msg = f"'{text}' is not a split; expected for example train=1-500 or train=1-499/2"
            raise UsageError(msg)
        if not 1 <= int(first) <= int(last):
            msg = f"split '{text}': expected 1 <= first <= last"
            raise UsageError(msg)
        if int(step or "1") < 1:
            msg = f"split '{text}': expected a step of 1 or more"
            raise UsageError(msg)
        return cls(split, int(first), int(last), int(step or "1"))

    def __str__(self) -> str:
        """As it is given on the command line."""
        return f"{self.split}={self.first}-{self.last}" + (f"/{self.step}" * (self.step > 1))

    @property
    def frames(self) -> range:
        """The frame numbers."""
        return range(self.first, self.last + 1, self.step)


def ingest_mot(  # noqa: PLR0913 - the arguments of the command
    video: Path,
    ground_truth: Path,
    ranges: list[FrameRange],
    classes: TruthClasses,
    out: Path,
    progress: Callable[[int], None] = lambda _: None,
) -> Written:
    """Write `out/data.yaml`, pictures and labels for the frames in `ranges`.

    Rows whose flag is 0 are ignored, as MOTChallenge asks. Boxes are clipped to the picture; one
    with less than 30 % of its area inside is left out. Frames without a row become pictures without
    objects.

    Raises:
        DataError: if the folder is in use, or video and ground truth do not fit.
        UsageError: if ranges overlap.
    """
    _refuse_overlap(ranges)
    written = Written()
    with SetFolder(out) as folder:
        boxes = read_mot(ground_truth, classes, written.tally)
        written.tally.update({OUTSIDE: 0, CLIPPED: 0})  # told in this order
        split_of = {number: each.split for each in ranges for number in each.frames}
        for number, image_bgr in _frames(video, split_of):
            height, width = image_bgr.shape[:2]
            labels = to_labels(tuple(boxes.get(number, ())), (width, height), written.tally)
            folder.add(split_of[number], f"{number:06d}.jpg", _jpeg(image_bgr), labels)
            written.count(split_of[number], labels)
            progress(sum(written.images.values()))
        if not written.total_objects:
            msg = f"{ground_truth} has no object in the frames asked for; check the ranges"
            raise DataError(msg)
        folder.finish(classes.names)
    return written


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _refuse_overlap(ranges: list[FrameRange]) -> None:
    for one, other in combinations(ranges, 2):
        if set(one.frames) & set(other.frames):
            msg = f"--split {one} and {other} overlap: a frame may be in one split only"
            raise UsageError(msg)


def _frames(video: Path, wanted: dict[int, str]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The decoded BGR frames with these numbers; the others are passed over."""
    last = max(wanted)
    capture = cv2.VideoCapture(str(video))
    try:
        if not capture.isOpened():
            msg = f"cannot open video {video}: it is missing, or OpenCV has no decoder for it"
            raise DataError(msg)
        for number in range(1, last + 1):
            if not capture.grab():
                msg = f"{video} ends after {number - 1} frames, frame {last} was asked for"
                raise DataError(msg)
            if number not in wanted:
                continue
            ok, image = capture.retrieve()
            if not ok:
                msg = f"{video}: frame {number} cannot be decoded"
                raise DataError(msg)
            yield number, np.asarray(image, dtype=np.uint8)
    finally:
        capture.release()


def _jpeg(image_bgr: NDArray[np.uint8]) -> bytes:
    _, content = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return bytes(content)
