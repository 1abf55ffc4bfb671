"""The pictures in which the old and the new model differ most, drawn side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest

import numpy as np

from train.drawing import Mark, draw_marks, encode_jpeg, shrink
from train.evaluate import PictureResult
from train.evaluate.errors import RIGHT
from train.report.charts import jpeg_address
from train.report.gallery import FOUND, MISSED, TRUTH, WRONG
from train.report.judged import JudgedPicture

PAIRS = 4
_LONG_SIDE_PX = 640
_BOLD, _THIN = 2, 1


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture as both models see it: its name, their mistakes in words, two image addresses."""

    name: str
    caption: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Differences:
    """Where the new model makes fewer mistakes, and where more; the clearest pictures first."""

    better: tuple[Pair, ...]
    worse: tuple[Pair, ...]


class _Seen(JudgedPicture):
    """A picture at the device's threshold, and how many mistakes are in it."""

    __slots__ = ()

    @property
    def missed(self) -> int:
        return int(self.errors.missed.sum())

    @property
    def wrong(self) -> int:
        return int((self.errors.kinds != RIGHT).sum())


def find_differences(
    old: Sequence[PictureResult],
    new: Sequence[PictureResult],
    scores: tuple[float, float],
    class_names: Sequence[str],
) -> Differences:
    """Pick and draw; `scores` are the thresholds of the old and the new model on the device.

    Raises:
        DataError: If a picture cannot be read again.
    """
    seen = [
        (_Seen.of(before, scores[0]), _Seen.of(after, scores[1]))
        for before, after in zip(old, new, strict=True)
    ]

    def fewer(pair: tuple[_Seen, _Seen]) -> int:
        before, after = pair
        return before.missed + before.wrong - after.missed - after.wrong

    better = [pair for pair in nlargest(PAIRS, seen, key=fewer) if fewer(pair) > 0]
    worse = [pair for pair in nlargest(PAIRS, seen, key=lambda one: -fewer(one)) if fewer(pair) < 0]
    return Differences(
        tuple(_draw(pair, class_names) for pair in better),
        tuple(_draw(pair, class_names) for pair in worse),
    )


def _draw(pair: tuple[_Seen, _Seen], class_names: Sequence[str]) -> Pair:
    before, after = pair
    caption = (
        f"missed {before.missed}, now {after.missed}; wrong {before.wrong}, now {after.wrong}; "
        f"{len(after.result.truth_classes)} objects"
    )
    addresses = [_picture(seen, class_names) for seen in pair]
    return Pair(after.result.sample.path.name, caption, addresses[0], addresses[1])


def _picture(seen: _Seen, class_names: Sequence[str]) -> str:
    image, scale = shrink(seen.result.sample.load(), _LONG_SIDE_PX)
    marks = []
    truths = zip(seen.result.truth_xyxy, seen.result.truth_classes, seen.errors.missed, strict=True)
    for box, class_id, is_missed in truths:
        words = class_names[class_id] if is_missed else ""
        colour, width = (MISSED, _BOLD) if is_missed else (TRUTH, _THIN)
        marks.append(Mark(np.asarray(box).tolist(), colour, words, width))
    found = seen.result.found
    for box, score, class_id, kind in zip(
        found.boxes_xyxy, found.scores, found.class_ids, seen.errors.kinds, strict=True
    ):
        text = f"{class_names[class_id]} {score:.2f}" if kind != RIGHT else ""
        colour, width = (FOUND, _THIN) if kind == RIGHT else (WRONG, _BOLD)
        marks.append(Mark(np.asarray(box).tolist(), colour, text, width))
    return jpeg_address(encode_jpeg(draw_marks(image, marks, scale)))
