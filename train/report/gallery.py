"""The worst pictures of each kind of mistake, drawn: what is there, and what the model says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import nlargest

import numpy as np
from numpy.typing import NDArray

from train.drawing import Colour, Mark, draw_marks, encode_jpeg, fit_long_side
from train.evaluate.errors import ERROR_KINDS, RIGHT, ErrorKind
from train.evaluate.inference import PictureResult
from train.report.charts import jpeg_address
from train.report.judged import JudgedPicture

TRUTH: Colour = (47, 143, 78)
FOUND: Colour = (37, 99, 168)
WRONG: Colour = (200, 40, 40)
MISSED: Colour = (217, 116, 26)
OTHER: Colour = (138, 148, 160)

SHOTS = 3
WORST_SHOTS = 6
_LONG_SIDE_PX = 560
_LEAST_SHARE = 0.4  # of either side of the picture: what is around a mistake explains it
_BOLD, _THIN = 2, 1


@dataclass(frozen=True, slots=True)
class Shot:
    """A drawn picture: its file's name, its mistakes in words, and the image address."""

    name: str
    caption: str
    address: str


@dataclass(frozen=True, slots=True)
class Gallery:
    """The worst pictures: of each kind of mistake, and of all of them together."""

    by_kind: dict[ErrorKind, tuple[Shot, ...]]
    worst: tuple[Shot, ...]


def make_gallery(
    results: Sequence[PictureResult], operating_score: float, class_names: Sequence[str]
) -> Gallery:
    """Pick and draw. A false detection weighs its score, a missed object 1.

    Args:
        results: All pictures.
        operating_score: Detections below it are neither counted nor drawn.
        class_names: Names by class id.

    Raises:
        DataError: If a picture cannot be read again.
    """
    cases = [_Case.of(result, operating_score) for result in results]

    def shots(count: int, kinds: tuple[ErrorKind, ...]) -> tuple[Shot, ...]:
        worst = nlargest(count, cases, key=lambda case: case.weight(kinds))
        return tuple(case.draw(kinds, class_names) for case in worst if case.weight(kinds) > 0)

    by_kind = {kind: shots(SHOTS, (kind,)) for kind in ERROR_KINDS}
    return Gallery(by_kind, shots(WORST_SHOTS, ERROR_KINDS))


class _Case(JudgedPicture):
    """A picture at the operating score, as an example of mistakes."""

    __slots__ = ()

    def weight(self, kinds: tuple[ErrorKind, ...]) -> float:
        """How bad the picture is."""
        numbers = [ERROR_KINDS.index(kind) for kind in kinds]
        wrong = np.isin(self.errors.kinds, numbers)
        missed = int(self.errors.missed.sum()) if "missed" in kinds else 0
        return float(self.result.found.scores[wrong].sum()) + missed

    def draw(self, kinds: tuple[ErrorKind, ...], class_names: Sequence[str]) -> Shot:
        """The picture with its mistakes of `kinds` in red, and what is missed in orange."""
        marks = self._truths(kinds, class_names) + self._detections(kinds, class_names)
        bold = [mark.box_xyxy for mark in marks if mark.thickness == _BOLD]
        whole = self.result.sample.load()
        left, top, right, bottom = _window(np.array(bold), (whole.shape[0], whole.shape[1]))
        image, scale = fit_long_side(whole[top:bottom, left:right], _LONG_SIDE_PX)
        shift = np.array([left, top, left, top])
        marks = [replace(mark, box_xyxy=(mark.box_xyxy - shift).tolist()) for mark in marks]
        counts = [(kind, self.errors.count(kind)) for kind in kinds]
        caption = ", ".join(f"{count} {kind}" for kind, count in counts if count)
        address = jpeg_address(encode_jpeg(draw_marks(image, marks, scale)))
        return Shot(self.result.sample.path.name, caption, address)

    def _truths(self, kinds: tuple[ErrorKind, ...], class_names: Sequence[str]) -> list[Mark]:
        marks = []
        rows = zip(
            self.result.truth_xyxy, self.result.truth_classes, self.errors.missed, strict=True
        )
        for box, class_id, is_missed in rows:
            if is_missed and "missed" in kinds:
                marks.append(Mark(box, MISSED, class_names[class_id], _BOLD))
            else:
                marks.append(Mark(box, TRUTH, "", _THIN))
        return marks

    def _detections(self, kinds: tuple[ErrorKind, ...], class_names: Sequence[str]) -> list[Mark]:
        found, wrong, others = self.result.found, [], []
        numbers = {ERROR_KINDS.index(kind) for kind in kinds}
        for box, score, class_id, kind in zip(
            found.boxes_xyxy, found.scores, found.class_ids, self.errors.kinds, strict=True
        ):
            if kind in numbers:
                text = f"{class_names[class_id]} {score:.2f}"
                wrong.append(Mark(box, WRONG, text, _BOLD))
            else:
                others.append(Mark(box, FOUND if kind == RIGHT else OTHER, "", _THIN))
        return others + wrong[::-1]  # the best score on top


def _window(
    boxes_xyxy: NDArray[np.float32], image_hw: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part of a picture, of its own shape, that holds the boxes."""
    size = np.array([image_hw[1], image_hw[0]], dtype=np.float64)
    low, high = boxes_xyxy[:, :2].min(axis=0), boxes_xyxy[:, 2:].max(axis=0)
    share = min(max(float((2 * (high - low) / size).max()), _LEAST_SHARE), 1.0)
    extent = size * share
    start = np.clip((low + high) / 2 - extent / 2, 0, size - extent)
    left, top = start.round().astype(int).tolist()
    right, bottom = (start + extent).round().astype(int).tolist()
    return left, top, max(right, left + 1), max(bottom, top + 1)
