"""AP by pycocotools itself, for every class and size of object. The only file that knows it."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from edgedet.detections import Detections

SIZES = ("all", "small", "medium", "large")
SMALL_PX2, LARGE_PX2 = 32**2, 96**2
"""Areas of true boxes, in the picture's own pixels, that divide small, medium and large.

Source: COCO's detection challenge; a box of exactly the limit belongs to both sides, as there.
"""

_AREAS = ((0.0, 1e10), (0.0, SMALL_PX2), (SMALL_PX2, LARGE_PX2), (LARGE_PX2, 1e10))
_IOU_75 = 5  # the place of 0.75 among the ten thresholds


class ScoredPicture(Protocol):
    """A picture's detections and truth; `train.evaluate.PictureResult` is one."""

    @property
    def found(self) -> Detections:
        """Detections, best score first."""
        ...

    @property
    def truth_xyxy(self) -> NDArray[np.float32]:
        """True boxes (M, 4), in the same pixels."""
        ...

    @property
    def truth_classes(self) -> NDArray[np.int32]:
        """Their class ids (M,)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class CocoScores:
    """AP by class, size and IoU threshold, float64 (classes, 4, 10); not-a-number: no such truth.

    `labels` int64 (classes, 4) counts the truths; `SIZES` names the second axis.
    """

    per_class: NDArray[np.float64]
    labels: NDArray[np.int64]
    max_detections: int

    def ap(self, size: str = "all", class_id: int | None = None) -> float | None:
        """AP@50:95, over all classes or of one; None without such truths."""
        return self._mean(size, class_id, slice(None))

    def ap50(self, size: str = "all", class_id: int | None = None) -> float | None:
        """AP@50."""
        return self._mean(size, class_id, slice(0, 1))

    def ap75(self, size: str = "all", class_id: int | None = None) -> float | None:
        """AP@75."""
        return self._mean(size, class_id, slice(_IOU_75, _IOU_75 + 1))

    def _mean(self, size: str, class_id: int | None, thresholds: slice) -> float | None:
        rows = slice(None) if class_id is None else slice(class_id, class_id + 1)
        values = self.per_class[rows, SIZES.index(size), thresholds]
        values = values[~np.isnan(values)]
        return float(values.mean()) if values.size else None


def coco_scores(
    pictures: Sequence[ScoredPicture], num_classes: int, max_detections: int = 300
) -> CocoScores:
    """What pycocotools says of `pictures`.

    Args:
        pictures: Detections and truth of each picture.
        num_classes: How many class ids there are.
        max_detections: Of each class and picture only so many count, those with the best scores.
            COCO's own challenge takes 100; a device gives up to 300, so these count here.
    """
    with contextlib.redirect_stdout(io.StringIO()):  # it prints, and cannot be told not to
        truth, found = _datasets(pictures, num_classes)
        run = COCOeval(truth, found, "bbox")
        run.params.areaRng, run.params.areaRngLbl = list(map(list, _AREAS)), list(SIZES)
        run.params.maxDets = [max_detections]
        run.evaluate()
        run.accumulate()
    precision = np.asarray(run.eval["precision"], dtype=np.float64)[..., 0]  # (T, R, K, A)
    means = precision.mean(axis=1).transpose(1, 2, 0)
    return CocoScores(
        np.where(means < 0, np.nan, means), _labels(pictures, num_classes), max_detections
    )


def _datasets(pictures: Sequence[ScoredPicture], num_classes: int) -> tuple[COCO, COCO]:
    images = [{"id": number} for number in range(1, len(pictures) + 1)]
    categories = [{"id": class_id} for class_id in range(num_classes)]
    truth: list[dict[str, object]] = []
    found: list[dict[str, object]] = []
    for number, picture in enumerate(pictures, start=1):
        for box, class_id in zip(picture.truth_xyxy, picture.truth_classes, strict=True):
            truth.append(_entry(len(truth) + 1, number, box, int(class_id)))
        mine = picture.found
        for box, class_id, score in zip(mine.boxes_xyxy, mine.class_ids, mine.scores, strict=True):
            entry = _entry(len(found) + 1, number, box, int(class_id))
            found.append(entry | {"score": float(score)})
    return _indexed(images, categories, truth), _indexed(images, categories, found)


def _entry(
    number: int, image: int, box_xyxy: NDArray[np.float32], class_id: int
) -> dict[str, object]:
    x1, y1, x2, y2 = box_xyxy.astype(np.float64).tolist()
    width, height = x2 - x1, y2 - y1
    return {
        "id": number,
        "image_id": image,
        "category_id": class_id,
        "bbox": [x1, y1, width, height],
        "area": width * height,
        "iscrowd": 0,
    }


def _indexed(
    images: list[dict[str, int]],
    categories: list[dict[str, int]],
    annotations: list[dict[str, object]],
) -> COCO:
    """A data set without a file; `COCO.loadRes` cannot take an empty list."""
    coco = COCO()
    coco.dataset = {"images": images, "annotations": annotations, "categories": categories}
    coco.createIndex()
    return coco


def _labels(pictures: Sequence[ScoredPicture], num_classes: int) -> NDArray[np.int64]:
    """Truths of each class and size (classes, 4)."""
    boxes = np.concatenate([one.truth_xyxy for one in pictures]).astype(np.float64)
    classes = np.concatenate([one.truth_classes for one in pictures])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    inside = [(low <= areas) & (areas <= high) for low, high in _AREAS]
    counts = [np.bincount(classes[one], minlength=num_classes) for one in inside]
    return np.stack(counts, axis=1).astype(np.int64)
