"""AP against pycocotools on random pictures, and against values worked out by hand."""

import contextlib
import io
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from edgedet.detections import Detections
from train.evaluate import IOU_THRESHOLDS, Method, average_precision, match_detections


@dataclass(frozen=True)
class Picture:
    found: Detections
    truth_xyxy: NDArray[np.float32]
    truth_classes: NDArray[np.int32]


def random_picture(rng: np.random.Generator, classes: int) -> Picture:
    """Truths, and detections near some of them, some doubled, some elsewhere; scores may tie."""
    count = int(rng.integers(0, 8))
    corner = rng.uniform(0, 300, (count, 2))
    truth = np.concatenate([corner, corner + rng.uniform(20, 100, (count, 2))], axis=1)
    truth_classes = rng.integers(0, classes, count)
    picks = rng.integers(0, count, int(rng.integers(0, 15))) if count else np.empty(0, np.int64)
    near = truth[picks] + rng.normal(0, 6, (len(picks), 4))
    near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)  # pycocotools ignores inverted boxes
    corner = rng.uniform(0, 300, (4, 2))
    far = np.concatenate([corner, corner + rng.uniform(10, 60, (4, 2))], axis=1)
    boxes = np.concatenate([near, far]).astype(np.float32)
    ids = np.concatenate([truth_classes[picks], rng.integers(0, classes, 4)]).astype(np.int32)
    scores = rng.uniform(0.01, 1, len(boxes)).astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    found = Detections(boxes[order], scores[order], ids[order])
    return Picture(found, truth.astype(np.float32), truth_classes.astype(np.int32))


def coco_stats(pictures: list[Picture], classes: int) -> NDArray[np.float64]:
    """Precision by pycocotools, (T, R, classes)."""
    truth: list[dict[str, object]] = []
    found: list[dict[str, object]] = []
    for image_id, picture in enumerate(pictures, start=1):
        boxes = picture.truth_xyxy.astype(np.float64)
        for box, class_id in zip(boxes, picture.truth_classes, strict=True):
            xywh = [*box[:2], *(box[2:] - box[:2])]
            entry = {"image_id": image_id, "category_id": int(class_id), "bbox": xywh, "iscrowd": 0}
            truth.append(entry | {"id": len(truth) + 1, "area": float(xywh[2] * xywh[3])})
        boxes = picture.found.boxes_xyxy.astype(np.float64)
        for box, score, class_id in zip(
            boxes, picture.found.scores, picture.found.class_ids, strict=True
        ):
            xywh = [*box[:2], *(box[2:] - box[:2])]
            entry = {"image_id": image_id, "category_id": int(class_id), "bbox": xywh}
            found.append(entry | {"score": float(score)})
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": index + 1} for index in range(len(pictures))],
            "annotations": truth,
            "categories": [{"id": index} for index in range(classes)],
            "info": {},
        }
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(found), "bbox")
        run.evaluate()
        run.accumulate()
    return np.asarray(run.eval["precision"][:, :, :, 0, -1], dtype=np.float64)


@pytest.mark.parametrize("seed", range(8))
def test_coco_method_equals_pycocotools(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pictures = [random_picture(rng, 3) for _ in range(30)]
    expected = coco_stats(pictures, 3)
    hits = [match_detections(p.found, p.truth_xyxy, p.truth_classes) for p in pictures]
    out = average_precision(
        np.concatenate(hits),
        np.concatenate([p.found.scores for p in pictures]),
        np.concatenate([p.found.class_ids for p in pictures]),
        np.concatenate([p.truth_classes for p in pictures]),
    )
    assert out.classes.tolist() == [0, 1, 2]
    np.testing.assert_allclose(out.per_class, expected.mean(axis=1).T, atol=1e-9)
    assert out.ap == pytest.approx(expected.mean(), abs=1e-9)
    assert out.ap50 == pytest.approx(expected[0].mean(), abs=1e-9)


def test_trapezoid_of_half_the_truths_found() -> None:
    # precision 1 up to recall 0.5, down to 0 at 0.51: 0.5 + 0.01 / 2
    out = average_precision([[True]], [0.9], [0], [0, 0], method="trapezoid")
    assert out.ap50 == pytest.approx(0.505, abs=1e-12)


def test_coco_of_half_the_truths_found() -> None:
    out = average_precision([[True]], [0.9], [0], [0, 0], method="coco")
    assert out.ap50 == pytest.approx(51 / 101, abs=1e-12)


@pytest.mark.parametrize("method", ["coco", "trapezoid"])
def test_everything_found_first_is_one(method: Method) -> None:
    out = average_precision([True, True], [0.9, 0.8], [1, 1], [1, 1], method=method)
    assert out.ap50 == pytest.approx(1.0)
    assert out.precision == pytest.approx([1.0])
    assert out.recall == pytest.approx([1.0])
    assert out.best_score <= 0.8


def test_order_of_the_input_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    hits = rng.random((50, 10)) < 0.5
    scores, ids, truth = rng.random(50), rng.integers(0, 2, 50), rng.integers(0, 2, 60)
    shuffled = rng.permutation(50)
    one = average_precision(hits, scores, ids, truth, method="trapezoid")
    other = average_precision(
        hits[shuffled], scores[shuffled], ids[shuffled], truth, method="trapezoid"
    )
    np.testing.assert_array_equal(one.per_class, other.per_class)


def test_a_class_without_predictions_has_zero_and_one_without_labels_is_left_out() -> None:
    out = average_precision([True, False], [0.9, 0.8], [0, 7], [0, 1])
    assert out.classes.tolist() == [0, 1]
    assert out.per_class[:, 0].tolist() == [1.0, 0.0]
    assert out.ap50 == 0.5


def test_no_predictions_at_all_is_zero() -> None:
    out = average_precision(np.zeros((0, len(IOU_THRESHOLDS)), bool), [], [], [0, 0, 2])
    assert out.per_class.shape == (2, 10)
    assert out.ap == out.ap50 == 0.0


def test_no_labels_at_all_is_zero() -> None:
    out = average_precision([[True] * 10], [0.5], [0], [])
    assert len(out.classes) == 0
    assert out.ap == out.ap50 == 0.0


def test_refuses_lengths_that_differ() -> None:
    with pytest.raises(ValueError, match="differ"):
        average_precision([True], [0.1, 0.2], [0], [0])


def test_refuses_an_unknown_method() -> None:
    with pytest.raises(ValueError, match="unknown method"):
        average_precision([True], [0.1], [0], [0], method="voc")  # type: ignore[arg-type]
